-- What came back of a letter: once of each kind, however often a mail server says it and however
-- often a mailbox is read.
CREATE TABLE bounces (
    -- 0 where only the subscriber is known.
    edition_id BIGINT NOT NULL,
    subscriber_id BIGINT NOT NULL,
    -- hard, soft, ours, complaint
    kind TEXT NOT NULL,
    -- The mail server's.
    words TEXT NOT NULL,
    noted_at BIGINT NOT NULL,
    PRIMARY KEY (edition_id, subscriber_id, kind)
);

-- Messages that were left in a mailbox, so that each is told of once and not at every run.
CREATE TABLE mail_left (
    mailbox TEXT NOT NULL,
    message {bytes} NOT NULL,
    PRIMARY KEY (mailbox, message)
);
