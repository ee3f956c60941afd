"""Writers: what a run found, as a console page, JUnit XML and replay scripts."""
