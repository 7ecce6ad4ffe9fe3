-- What came back is counted by the domain that it came from. Empty where that says nothing about us: the domain is gone.
ALTER TABLE bounces ADD COLUMN domain TEXT NOT NULL DEFAULT '';
CREATE INDEX bounces_by_domain ON bounces (domain, noted_at) WHERE domain <> '';

-- Domains from which so much came back at once that it is about us: no letter goes there for a time.
CREATE TABLE resting_domains (
    domain TEXT NOT NULL PRIMARY KEY,
    since_at BIGINT NOT NULL,
    until_at BIGINT NOT NULL,
    -- How many readers' letters came back.
    readers BIGINT NOT NULL,
    -- What the mail server said of the last.
    words TEXT NOT NULL,
    -- Whether the editors know.
    told BIGINT NOT NULL
);
