"""Where errors come from: one file for each interpreter hook and framework, each imported only when it is used."""
