"""The command ``unwind``: commands, options, what is printed, and exit codes; nothing below prints or exits."""
