"""Charts: the picture that suits a report. `chart` describes it, `drawing` has it drawn, `painting` draws."""
