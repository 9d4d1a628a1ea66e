"""Starting the sibling tools from the app: what they can be told, the form, the child process and what it says.

The command tree comes from outside and is read by shape; nothing here imports the command line or what it parses with.
"""
