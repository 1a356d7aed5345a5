-- What a platform has gathered after some years, beside the rows that the seed has made: so
-- much that requests take as long without a cache as the paper of the old system says.
-- The seed's agents and tools are the oldest here and those that are asked for; these are
-- what every list, every sum and every search of theirs has to go through. Tenants are of
-- very different sizes. The times are those of the seed, so the rows are the same ones
-- every time.

-- Faster without: each is made again below.
alter table agent_run drop constraint agent_run_agent_id_fkey;
alter table agent_run drop constraint agent_run_pkey;
alter table agent drop constraint agent_org_id_fkey;
drop index agent_by_tenant;

-- What registries find for "mcp" and hardly anybody downloads.
insert into tool (name, version, downloads_per_month)
select 'community-' || substr(md5(cast(number as varchar)), 1, 12) || '-mcp', '0.' || number % 40 || '.' || number % 9, 0
from generate_series(1, 90000) number;

insert into agent (org_id, name, model, status, description, created_at, updated_at)
select 'org-' || 100 + tenant,
	(array['Invoice', 'Ticket', 'Contract', 'Order', 'Release', 'Incident', 'Payroll', 'Claims'])[1 + number % 8] || ' '
		|| (array['triage', 'review', 'summary', 'routing', 'drafting'])[1 + number % 5] || ' ' || 1000 + number,
	(array['small-8b', 'medium-32b', 'large-70b', 'vision-12b'])[1 + number % 4],
	(array['ACTIVE', 'ACTIVE', 'ACTIVE', 'PAUSED', 'ARCHIVED'])[1 + number * 7 % 5],
	'On its own.',
	timestamptz '2026-10-01 00:00:00+00' - number * interval '13 minutes',
	timestamptz '2026-10-01 00:00:00+00' - number * interval '11 minutes'
from generate_series(1, 60) tenant, generate_series(1, 120000 / tenant) number;

create index agent_by_tenant on agent (org_id, name, id);

alter table agent add constraint agent_org_id_fkey foreign key (org_id) references tenant (id);

insert into agent_run (agent_id, number, started_at, duration_ms, succeeded, tokens, cost_cents)
select id, 100 + number, timestamptz '2026-11-01 00:00:00+00' - (id % 120000 + number) * interval '1 minute',
	200 + (id * 7919 + number * 104729) % 3000, (id + number) % 20 <> 0, 200 + (id * 104729 + number * 7919) % 19800,
	1 + (id + number) % 40
from agent, generate_series(1, 3) number;

alter table agent_run add constraint agent_run_pkey primary key (agent_id, number);

alter table agent_run add constraint agent_run_agent_id_fkey foreign key (agent_id) references agent (id) on delete cascade;
