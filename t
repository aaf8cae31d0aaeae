{"error":"cannot read the topology file big.yaml","caused_by":["No such file or directory (os error 2)"],"hint":"name it by `-t FILE` or IPERFTESTER_TOPOLOGY; `iperftester init` writes a first one"}
Command exited with non-zero status 2
big 0.00 s 0.00 user 18440 kB
