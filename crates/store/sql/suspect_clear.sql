-- The application did not bring its process down.
-- params: @P1 bigint, @P2 bigint
DELETE FROM [xmlx].[suspect] WHERE [job_id] = @P1 AND [app_id] = @P2;
