"""`python -m gan_model`, which is `gan-model`."""

from gan_model.commands import main

if __name__ == "__main__":
    main()
