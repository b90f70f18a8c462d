"""One service in one container, as a pod would run it: started, looked at, stopped, and never left behind. No pytest in here."""
