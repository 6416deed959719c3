-- Where this device's account stands in what happened at the relay: written in the transaction that applies the events.
DROP TABLE position;
CREATE TABLE link_cursor (
    one    INTEGER PRIMARY KEY CHECK (one = 1),
    cursor TEXT NOT NULL
) STRICT;
