-- Is row f the upload that an event is about? An upload is known by its version, without one by its etag and its
-- place among the events of the key, because the same bytes may be put again. What is empty, in the event or in
-- the row, may be anything; so may the place, when both sources announce the upload.
case
    when :'version_id'::text <> '' then f.version_id = :'version_id'::text
    else :'etag'::text in ('', f.etag)
        and (f.sequencer = '' or :'sequencer'::text in ('', f.sequencer) or not (:same_source))
end
