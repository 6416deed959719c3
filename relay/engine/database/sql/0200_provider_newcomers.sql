-- The invite with which somebody set out for a provider: it makes their account when they are back, if they have none. NULL: there is none.
ALTER TABLE pending_sign_in ADD COLUMN invite_hash BLOB CHECK (length(invite_hash) = 32);
