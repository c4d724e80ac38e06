-- Do the sequencers of row f and of the event come from the same source, S3's own message or EventBridge?
(f.sequencer like 'eventbridge:%') = (:'sequencer'::text like 'eventbridge:%')
