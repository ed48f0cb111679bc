"""The commands, one module each: parse, load the config, call the rooms, write, print one line."""
