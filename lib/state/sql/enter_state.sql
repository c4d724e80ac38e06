-- What is set in row f when it enters a state. A file that is in the state already keeps the time of its entry.
state = :'state'::text,
state_at = case when f.state = :'state'::text then f.state_at else :now end
