-- One letter a day at the most, for readers who ask for it: what is due on one day comes in one letter.

ALTER TABLE subscribers ADD COLUMN together BIGINT NOT NULL DEFAULT 0;
CREATE INDEX subscribers_together ON subscribers (together, id) WHERE together = 1;

-- Letters in the state `carried`: they do not go, because another letter to the same reader holds what they hold.
CREATE TABLE carried_letters (
    letter_id BIGINT PRIMARY KEY,
    -- Of the letter itself.
    edition_id BIGINT NOT NULL,
    -- The letter that holds it …
    carrier_id BIGINT NOT NULL,
    -- … and the variant that this one has when it goes alone.
    alone_variant_id BIGINT NOT NULL
);
CREATE INDEX carried_letters_by_carrier ON carried_letters (carrier_id);
CREATE INDEX carried_letters_by_edition ON carried_letters (edition_id);

-- Of which earlier editions a variant holds columns, by their numbers with commas between. Missing where that was not
-- written down.
ALTER TABLE variants ADD COLUMN earlier TEXT;
-- Of which newsletters it holds other letters, in their order with commas between.
ALTER TABLE variants ADD COLUMN others TEXT NOT NULL DEFAULT '';
