"""The formats of files: each module reads one format into a `table.Table`."""
