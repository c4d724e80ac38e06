-- Was row f uploaded before the upload that the event is about? S3 compares sequencers of different lengths as if
-- zeros filled the shorter one.
f.sequencer <> ''
    and rpad(f.sequencer, 64, '0') collate "C" < rpad(:'sequencer'::text, 64, '0') collate "C"
