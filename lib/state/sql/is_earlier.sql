-- Was row f uploaded before the upload that the event is about? S3 compares sequencers of different lengths as if
-- zeros filled the shorter one. Those of different sources say nothing about each other.
f.sequencer <> ''
    and (:same_source)
    and rpad(f.sequencer, 80, '0') collate "C" < rpad(:'sequencer'::text, 80, '0') collate "C"
