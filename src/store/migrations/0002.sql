-- Whose routers the addresses of a path are. Campaign runs from before this did not note it.
ALTER TABLE campaign_runs ADD COLUMN routers_json TEXT NOT NULL DEFAULT '{}';
