module images/pause

go 1.26
