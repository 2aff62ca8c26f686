// Runs a generator: one coding in, one image out. It is the program of a Web Worker, so that
// nothing here holds up the page.
//
// Values of an image are a Float64Array, as (height, width, channels). JavaScript computes in
// float64, and float32 arrays are no faster.
"use strict";

const BLOCK = 4; // pixels, and output channels, that `convolve` computes at a time

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;.=>?@^_`{|}~";

// Bytes from base85: 5 digits are 4 bytes; the last group may be shorter.
function decoded(text) {
  const values = new Uint8Array(128);
  for (let i = 0; i < 85; i++) values[DIGITS.charCodeAt(i)] = i;
  const groups = Math.ceil(text.length / 5), all = text.padEnd(5 * groups, "~");
  const bytes = new DataView(new ArrayBuffer(4 * groups));
  for (let group = 0, at = 0; group < groups; group++) {
    let number = 0;
    for (const end = at + 5; at < end; at++) number = number * 85 + values[all.charCodeAt(at)];
    bytes.setUint32(4 * group, number);
  }
  return new Uint8Array(bytes.buffer, 0, Math.floor((text.length * 4) / 5));
}

async function unzipped(text) {
  const stream = new Blob([decoded(text)]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

function product(sides) {
  return sides.reduce((all, side) => all * side, 1);
}

function floats(bytes, { offset, shape }) {
  return new Float32Array(bytes.slice(offset, offset + 4 * product(shape)));
}

// A kernel: floats, or whole numbers (all low bytes, then all high bytes) times the step of their
// output.
function kernelOf(bytes, { kernel, steps }) {
  if (!steps) return Float64Array.from(floats(bytes, kernel));
  const count = product(kernel.shape), planes = new Uint8Array(bytes, kernel.offset, 2 * count);
  const values = new Float64Array(count), step = floats(bytes, steps);
  for (let i = 0; i < count; i++) {
    const number = ((planes[i] | (planes[count + i] << 8)) << 16) >> 16;
    values[i] = Math.fround(number * step[i % step.length]);
  }
  return values;
}

function biasOf(bytes, { bias }, count) {
  return bias ? floats(bytes, bias) : new Float32Array(count);
}

function dense({ weights, shape }, bytes) {
  const kernel = kernelOf(bytes, weights), [inputs, outputs] = weights.kernel.shape;
  const bias = biasOf(bytes, weights, outputs), output = new Float64Array(outputs);
  return (values) => {
    output.set(bias);
    for (let i = 0; i < inputs; i++) {
      const value = values[i], row = i * outputs;
      for (let o = 0; o < outputs; o++) output[o] += value * kernel[row + o];
    }
    return output;
  };
}

// The rows (or columns) of a kernel that meet one phase of the output, as offsets into the input.
// A convolution has one phase. A transposed one with stride s has s of them: each s-th output.
function tapsOf(phase, size, stride, before) {
  const taps = [];
  for (let k = size - 1; k >= 0; k--) {
    if ((phase + before - k) % stride === 0) taps.push([(phase + before - k) / stride, k]);
  }
  return taps;
}

function phasesOf({ kind, shape, settings, weights }, [inputHeight, inputWidth]) {
  const [rows, columns] = weights.kernel.shape, [height, width] = shape;
  const [sy, sx] = settings.strides, same = settings.padding === "same";
  if (kind === "convolution") {
    const top = same ? Math.max((height - 1) * sy + rows - inputHeight, 0) >> 1 : 0;
    const left = same ? Math.max((width - 1) * sx + columns - inputWidth, 0) >> 1 : 0;
    const range = (count, before) => Array.from({ length: count }, (_, k) => [k - before, k]);
    return [{ y: 0, x: 0, rows: range(rows, top), columns: range(columns, left) }];
  }
  const top = same ? Math.max(rows - sy, 0) >> 1 : 0;
  const left = same ? Math.max(columns - sx, 0) >> 1 : 0;
  const phases = [];
  for (let y = 0; y < sy; y++) {
    for (let x = 0; x < sx; x++) {
      phases.push({ y, x, rows: tapsOf(y, rows, sy, top), columns: tapsOf(x, columns, sx, left) });
    }
  }
  return phases;
}

// The weights of one phase: for each block of output channels, one row of weights per channel.
function blocksOf(kernel, [, width, inputs, outputs], { rows, columns }) {
  const length = rows.length * columns.length * inputs;
  const blocks = new Float64Array(Math.ceil(outputs / BLOCK) * BLOCK * length);
  for (let o = 0; o < outputs; o++) {
    let at = o * length;
    for (const [, row] of rows) {
      for (const [, column] of columns) {
        for (let i = 0; i < inputs; i++) {
          blocks[at++] = kernel[((row * width + column) * inputs + i) * outputs + o];
        }
      }
    }
  }
  return blocks;
}

// Sums for a block of pixels and a block of channels: in registers, each value read serves 4 sums.
// `at` is the place of the first pixel's first value, `next` the distance to the next pixel's.
function sumBlock(input, at, next, rowLength, rowCount, inputRow, kernel, w, length, sums) {
  let a0 = 0, a1 = 0, a2 = 0, a3 = 0, b0 = 0, b1 = 0, b2 = 0, b3 = 0;
  let c0 = 0, c1 = 0, c2 = 0, c3 = 0, d0 = 0, d1 = 0, d2 = 0, d3 = 0;
  for (let row = 0; row < rowCount; row++) {
    let p = at + row * inputRow;
    for (const end = p + rowLength; p < end; p++, w++) {
      const a = input[p], b = input[p + next], c = input[p + 2 * next], d = input[p + 3 * next];
      const w0 = kernel[w], w1 = kernel[w + length];
      const w2 = kernel[w + 2 * length], w3 = kernel[w + 3 * length];
      a0 += a * w0; a1 += a * w1; a2 += a * w2; a3 += a * w3;
      b0 += b * w0; b1 += b * w1; b2 += b * w2; b3 += b * w3;
      c0 += c * w0; c1 += c * w1; c2 += c * w2; c3 += c * w3;
      d0 += d * w0; d1 += d * w1; d2 += d * w2; d3 += d * w3;
    }
  }
  sums[0] = a0; sums[1] = a1; sums[2] = a2; sums[3] = a3;
  sums[4] = b0; sums[5] = b1; sums[6] = b2; sums[7] = b3;
  sums[8] = c0; sums[9] = c1; sums[10] = c2; sums[11] = c3;
  sums[12] = d0; sums[13] = d1; sums[14] = d2; sums[15] = d3;
}

// Both kinds of convolution: each phase of the output is a plain convolution of the padded input.
function convolution(operation, bytes, inputShape) {
  const { kind, shape, settings, weights } = operation;
  const [inputHeight, inputWidth, inputs] = inputShape, [height, width, outputs] = shape;
  const kernel = kernelOf(bytes, weights), bias = biasOf(bytes, weights, outputs);
  const phases = phasesOf(operation, inputShape).filter((phase) => phase.rows.length && phase.columns.length);
  for (const phase of phases) phase.kernel = blocksOf(kernel, weights.kernel.shape, phase);
  const transposed = kind === "transposed_convolution";
  const [outY, outX] = transposed ? settings.strides : [1, 1];
  const [inY, inX] = transposed ? [1, 1] : settings.strides;
  const margin = (axis) => Math.max(0, ...phases.map((phase) => -phase[axis][0][0]));
  const top = margin("rows"), left = margin("columns");
  // Wide enough for the last block of pixels, which may reach beyond the row.
  const reach = (axis, step, count) => Math.max(...phases.map((phase) => (count - 1) * step + phase[axis].at(-1)[0] + 1));
  const countY = Math.ceil(height / outY), countX = Math.ceil(width / outX);
  const across = Math.ceil(countX / BLOCK) * BLOCK;
  const paddedWidth = left + Math.max(inputWidth, reach("columns", inX, across));
  const paddedHeight = top + Math.max(inputHeight, reach("rows", inY, countY));
  const padded = new Float64Array(paddedWidth * paddedHeight * inputs);
  const output = new Float64Array(height * width * outputs), sums = new Float64Array(BLOCK * BLOCK);

  function store(y, column, phase, o) {
    const pixels = Math.min(BLOCK, Math.ceil((width - phase.x) / outX) - column);
    const channels = Math.min(BLOCK, outputs - o);
    for (let pixel = 0; pixel < pixels; pixel++) {
      const to = (y * width + phase.x + (column + pixel) * outX) * outputs + o;
      for (let c = 0; c < channels; c++) output[to + c] = sums[pixel * BLOCK + c] + bias[o + c];
    }
  }

  function convolve(phase) {
    const { rows, columns } = phase, rowLength = columns.length * inputs;
    const length = rows.length * rowLength, inputRow = paddedWidth * inputs;
    for (let y = phase.y, row = 0; y < height; y += outY, row++) {
      const line = (row * inY + rows[0][0] + top) * paddedWidth + columns[0][0] + left;
      for (let o = 0; o < outputs; o += BLOCK) {
        for (let column = 0; column * outX + phase.x < width; column += BLOCK) {
          const at = (line + column * inX) * inputs;
          sumBlock(padded, at, inX * inputs, rowLength, rows.length, inputRow,
            phase.kernel, o * length, length, sums);
          store(y, column, phase, o);
        }
      }
    }
  }

  return (values) => {
    const length = inputWidth * inputs;
    for (let y = 0; y < inputHeight; y++) {
      const to = ((top + y) * paddedWidth + left) * inputs;
      padded.set(values.subarray(y * length, (y + 1) * length), to);
    }
    // Outputs that no weight meets, where strides exceed the kernel, are the bias alone.
    for (let i = 0; i < output.length; i++) output[i] = bias[i % outputs];
    phases.forEach(convolve);
    return output;
  };
}

function affine({ weights }, bytes) {
  const scale = floats(bytes, weights.scale), offset = floats(bytes, weights.offset);
  const [classes, channels] = weights.scale.shape;
  return (values, label) => {
    const row = classes > 1 ? label * channels : 0;
    for (let i = 0; i < values.length; i += channels) {
      for (let c = 0; c < channels; c++) {
        values[i + c] = values[i + c] * scale[row + c] + offset[row + c];
      }
    }
    return values;
  };
}

const SELU_ALPHA = 1.6732632423543772, SELU_SCALE = 1.0507009873554805;
const FUNCTIONS = {
  relu: () => (x) => (x > 0 ? x : 0),
  leaky_relu: (slope) => (x) => (x > 0 ? x : slope * x),
  selu: () => (x) => SELU_SCALE * (x > 0 ? x : SELU_ALPHA * Math.expm1(x)),
  tanh: () => Math.tanh,
  sigmoid: () => (x) => 1 / (1 + Math.exp(-x)),
};

function activation({ settings }) {
  const apply = FUNCTIONS[settings.function](settings.slope);
  return (values) => {
    for (let i = 0; i < values.length; i++) values[i] = apply(values[i]);
    return values;
  };
}

function reshape() {
  return (values) => values;
}

// Each pixel of the result is one of the input's: `from` gives its place.
function moved([height, width, channels], from) {
  const output = new Float64Array(height * width * channels);
  return (values) => {
    for (let y = 0, to = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const at = from(y, x) * channels;
        for (let c = 0; c < channels; c++) output[to++] = values[at + c];
      }
    }
    return output;
  };
}

function upsampling({ shape, settings: { size: [down, across] } }, bytes, [, width]) {
  return moved(shape, (y, x) => Math.floor(y / down) * width + Math.floor(x / across));
}

function cropping({ shape, settings: { top, left } }, bytes, [, width]) {
  return moved(shape, (y, x) => (y + top) * width + x + left);
}

const KINDS = {
  dense, convolution, transposed_convolution: convolution, affine, activation, reshape,
  upsampling, cropping,
};

// program, bytes of the weights -> a function from (coding, label) to RGBA pixels of one image.
function engine(program, bytes) {
  let shape = [program.codings_size];
  const steps = program.operations.map((operation) => {
    const step = KINDS[operation.kind](operation, bytes, shape);
    shape = operation.shape;
    return step;
  });
  const [low, high] = program.image_range, channels = program.image_shape[2];
  const { bounds } = program;
  return (coding, label) => {
    if (bounds.length) label = bounds.filter((bound) => bound <= coding[0]).length;
    let values = Float64Array.from(coding);
    for (const step of steps) values = step(values, label);
    const pixels = new Uint8ClampedArray((values.length / channels) * 4);
    for (let i = 0, to = 0; i < values.length; i += channels, to += 4) {
      for (let c = 0; c < 3; c++) {
        const value = values[i + (channels === 3 ? c : 0)];
        pixels[to + c] = ((value - low) * 255) / (high - low); // rounded to the nearest
      }
      pixels[to + 3] = 255;
    }
    return pixels;
  };
}

// Messages: first {program, weights}, answered by {ready: true}; then {coding, label}, answered by
// {pixels, milliseconds}, in order. What fails is answered by {error}.
let generate = null;
self.onmessage = ({ data }) => answer(data).catch(({ message }) => self.postMessage({ error: message }));

async function answer(data) {
  if (data.program) {
    generate = engine(data.program, await unzipped(data.weights));
    self.postMessage({ ready: true });
    return;
  }
  const start = performance.now();
  const pixels = generate(data.coding, data.label);
  const milliseconds = performance.now() - start;
  self.postMessage({ pixels, milliseconds }, [pixels.buffer]);
}
