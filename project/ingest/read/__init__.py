"""The formats of files: each module takes bytes to a `table.Table`, and knows its format only."""
