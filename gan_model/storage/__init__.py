"""What is on disk: written atomically, locked while in use, marked with its format.

atomic         a file that is replaced as a whole
folders        a folder that one process holds, and the settings it was made with
checkpoint     the state of a run             <-> one file
file_format    the number that every file and folder carries
serializable   objects that `compile` takes   <-> their configuration in a `.keras` file
"""
