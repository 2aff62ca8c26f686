"""What is on disk: written atomically, locked while in use, marked with its format.

atomic            a file or folder that is replaced as a whole
own_files         which files gan-model wrote, and may write over
json_file         numbers, texts, lists and dicts <-> a JSON file
paths             a path with `~`               -> the path
locks             a folder that one process uses at a time
messages          what a message says of names from outside, and of another error
packaged          arrays that are part of the package, if nothing has changed them
file_format       the number that every file and folder carries
settings_folder   a folder that records the settings of its content
keras_file        a `.keras` file -> its model, or a sentence
checkpoint        the state of a run              <-> one file
serializable      objects that `compile` takes    <-> their configuration in a `.keras` file
"""
