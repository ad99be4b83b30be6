-- How every connection begins, and what one has to prove before it is used again after a refusal: that it answers this
-- very question and has no transaction open. Nobody waits for a lock for ever. The defaults of the target's columns
-- are texts, which the language and the date format of the login would read in different ways.
-- params: @P1 bigint
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 30000;
SET LANGUAGE us_english;
SET DATEFORMAT mdy;
SELECT CAST(@P1 AS bigint) AS [nonce], CAST(@@TRANCOUNT AS int) AS [transactions];
