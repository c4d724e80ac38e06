-- Is there work in row f that the claim asks for?
case :'scope'::text
    when 'event' then (:has_work)
    when 'order' then (:is_unsettled)
    else f.state = 'RECEIVED'
end
