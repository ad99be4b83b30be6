-- What the owner of a lease starts from; no row where the lease has moved on.
-- params: @P1 bigint, @P2 bigint, @P3 bigint, @P4 varchar(36)
SELECT [lo], [hi], [committed_through], [deaths],
    (SELECT CAST(MAX([version]) AS int) FROM [xmlx].[schema_version]) AS [schema]
FROM [xmlx].[range]
WHERE [job_id] = @P1 AND [range_id] = @P2 AND [epoch] = @P3 AND [owner_session] = CAST(@P4 AS varchar(36)) AND [state] = 'leased';
