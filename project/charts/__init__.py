"""Charts: the picture that suits a report. `chart` writes its specification, and `renderer` renders that."""
