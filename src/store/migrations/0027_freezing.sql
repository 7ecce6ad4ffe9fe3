-- What need not be checked for each letter.

-- Postgres would look for the edition and the variant of each letter when it is added, for a million letters one by one: that took
-- longer than all else. Letters are added by one statement alone, which takes both from `edition_groups`; neither an edition nor a
-- variant is ever removed.
--postgres: ALTER TABLE letters DROP CONSTRAINT IF EXISTS letters_edition_id_fkey1;
--postgres: ALTER TABLE letters DROP CONSTRAINT IF EXISTS letters_variant_id_fkey1;
