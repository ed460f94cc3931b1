module testbed

go 1.19
