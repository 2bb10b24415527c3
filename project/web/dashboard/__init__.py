"""The page at `/`: a list of panels, each a question to the API, its answer and its template."""
