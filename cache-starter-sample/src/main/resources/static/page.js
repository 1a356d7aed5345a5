'use strict';

(() => {

	const KEPT = 180;

	const ANSWERS = 6;

	const byId = (id) => document.getElementById(id);

	const element = (name, text, className) => {
		const made = document.createElement(name);
		if (text !== undefined) {
			made.textContent = text;
		}
		if (className) {
			made.className = className;
		}
		return made;
	};

	const number = (value, digits = 0) => value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });

	const millis = (value) => `${number(value, value < 10 ? 1 : 0)} ms`;

	const count = (value, one, many) => `${number(value)} ${value === 1 ? one : many}`;

	// What screen readers are told, so only what is news, and nothing twice.

	let lastNews = '';

	const say = (text) => {
		if (text !== lastNews) {
			lastNews = text;
			byId('news').textContent = text;
		}
	};

	// Requests

	class Refused extends Error {
	}

	const request = async (path, options = {}) => {
		let response;
		try {
			response = await fetch(path, options);
		}
		catch (ex) {
			throw new Refused('The server does not answer.');
		}
		const text = await response.text();
		const body = text ? JSON.parse(text) : null;
		if (!response.ok) {
			throw new Refused(body && body.detail ? body.detail : `The server answered ${response.status}.`);
		}
		return { body, response };
	};

	const press = (path) => request(path, { method: 'POST', headers: { 'X-Sample-Page': '1' } });

	/** Do something on a click, once at a time, and say what went wrong. */
	const onClick = (target, action) => {
		let busy = false;
		target.addEventListener('click', async () => {
			if (busy) {
				return;
			}
			busy = true;
			target.setAttribute('aria-busy', 'true');
			try {
				await action();
			}
			catch (ex) {
				if (!(ex instanceof Refused)) {
					throw ex;
				}
				say(ex.message);
			}
			finally {
				busy = false;
				target.removeAttribute('aria-busy');
			}
		});
	};

	// 1. Ask and change

	const state = { tenant: null, page: 1, agent: null };

	const marks = { 'redis': 'redis', 'near': 'redis', 'database': 'database' };

	const labels = { 'redis': 'Redis', 'near': 'near cache', 'database': 'database', 'another caller\'s load': 'another caller’s load',
		'stale entry': 'stale entry', 'cache': 'Redis, near or another caller’s load' };

	const noteAnswers = (response) => {
		const timing = response.headers.get('Server-Timing') || '';
		const rows = byId('answers');
		for (const part of timing.split(', ').filter(Boolean)) {
			const [, cache, source, took] = /^([^;]+);desc="([^"]*)";dur=([\d.]+)$/.exec(part) || [];
			if (!cache) {
				continue;
			}
			const row = element('tr');
			const from = element('td');
			from.append(element('span', labels[source] || source, `mark ${marks[source] || 'other'}`));
			const name = element('td');
			name.append(element('code', cache.replace('-', ':')));
			row.append(name, from, element('td', millis(Number(took)), 'number'));
			if (rows.querySelector('[colspan]')) {
				rows.replaceChildren();
			}
			rows.prepend(row);
		}
		while (rows.rows.length > ANSWERS) {
			rows.deleteRow(-1);
		}
	};

	const ask = async (path) => {
		const { body, response } = await request(path, { headers: { 'X-Org-Id': state.tenant, 'X-Answer-Trace': '1' } });
		noteAnswers(response);
		return body;
	};

	const showAgents = async () => {
		const tenant = state.tenant;
		const list = await ask(`/api/agents?limit=6&page=${state.page}`);
		if (tenant !== state.tenant) {
			return;
		}
		const pages = Math.max(1, Math.ceil(list.total / list.limit));
		byId('page-number').textContent = `Page ${list.page} of ${pages}`;
		byId('previous').disabled = list.page <= 1;
		byId('next').disabled = list.page >= pages;
		showButtons(list.items);
		showPressed();
	};

	/** Show a button for each agent. One that was there stays, with its focus and under a finger. */
	const showButtons = (agents) => {
		const list = byId('agents');
		const shown = new Map(Array.from(list.children, (item) => [item.firstChild.dataset.agent, item]));
		const items = agents.map((agent) => {
			const item = shown.get(String(agent.id)) || agentItem(agent.id);
			if (item.firstChild.textContent !== agent.name) {
				item.firstChild.textContent = agent.name;
			}
			return item;
		});
		if (items.length !== list.children.length || items.some((item, i) => item !== list.children[i])) {
			list.replaceChildren(...items);
		}
	};

	const agentItem = (id) => {
		const item = element('li');
		const button = element('button');
		button.type = 'button';
		button.dataset.agent = id;
		onClick(button, () => showAgent(id));
		item.append(button);
		return item;
	};

	const showPressed = () => {
		const chosen = state.agent === null ? null : String(state.agent.id);
		for (const button of byId('agents').querySelectorAll('button')) {
			button.setAttribute('aria-pressed', String(button.dataset.agent === chosen));
		}
	};

	const showAgent = async (id) => {
		const agent = await ask(`/api/agents/${id}`);
		const stats = await ask(`/api/agents/${id}/stats`);
		state.agent = agent;
		byId('agent').hidden = false;
		byId('agent-name').textContent = agent.name;
		byId('agent-facts').textContent = `${agent.status.toLowerCase()}, on ${agent.model}. `
			+ `${count(stats.runs, 'run', 'runs')}, ${number(stats.failed)} failed, ${number(stats.tokens)} tokens, `
			+ `median ${number(stats.medianMillis)} ms.`;
		showPressed();
	};

	const entriesOf = async (id) => (await request(`/api/entries?agent=${id}`, { headers: { 'X-Org-Id': state.tenant } })).body;

	const change = async () => {
		const { id, name, model, status, description } = state.agent;
		const before = await entriesOf(id);
		const draft = { name, model, description, status: status === 'ACTIVE' ? 'PAUSED' : 'ACTIVE' };
		await request(`/api/agents/${id}`, { method: 'PUT', body: JSON.stringify(draft),
			headers: { 'X-Org-Id': state.tenant, 'Content-Type': 'application/json' } });
		const after = await entriesOf(id);
		showEntries(before, after);
		await showAgent(id);
		await showAgents();
	};

	const showEntries = (before, after) => {
		byId('change-result').hidden = false;
		byId('entries-table').hidden = before.entries.length === 0;
		const rows = byId('entries');
		rows.replaceChildren();
		if (!before.known || !after.known) {
			byId('change-summary').textContent = 'The cache does not use Redis now, so its evictions are pending. '
				+ 'This application reads past what they name until Redis has taken them.';
			say('The agent is changed. Its evictions wait for Redis.');
			return;
		}
		const now = new Map(after.entries.map((entry) => [entry.key, entry.stamp]));
		if (before.entries.length === 0) {
			byId('change-summary').textContent = 'Nothing of this agent and its tenant was cached. Choose a few agents, and change one of them.';
			say('The agent is changed. Nothing of it was cached.');
			return;
		}
		let gone = 0;
		for (const { key, stamp } of before.entries) {
			const kept = now.get(key) === stamp;
			gone += kept ? 0 : 1;
			const row = element('tr');
			const name = element('td');
			name.append(element('code', key));
			const mark = element('td');
			mark.append(element('span', kept ? 'kept' : now.has(key) ? 'evicted, loaded again' : 'evicted', `mark ${kept ? 'kept' : 'evicted'}`));
			row.append(name, mark);
			rows.append(row);
		}
		const text = `${count(gone, 'entry is', 'entries are')} gone, ${count(before.entries.length - gone, 'other around it is', 'others around it are')} kept.`;
		byId('change-summary').textContent = text;
		say(`The agent is changed. ${text}`);
	};

	// 2. Tags

	/** The last number of a version, one more. */
	const next = (version) => version.replace(/\d+(?!.*\d)/, (last) => String(Number(last) + 1));

	const toolEntries = async (tool) => (await request(`/api/entries/tool${tool ? `?name=${encodeURIComponent(tool)}` : ''}`)).body;

	const pause = () => new Promise((resolve) => { setTimeout(resolve, 200); });

	const release = async () => {
		const chosen = await toolEntries();
		for (const { orgId, server } of chosen.entries) {
			await request(`/api/servers/${server}/tools`, { headers: { 'X-Org-Id': orgId } });
		}
		let before = await toolEntries(chosen.tool);
		// A value is stored a moment after it is loaded.
		for (let i = 0; i < 10 && before.known && before.entries.some((entry) => !entry.cached); i++) {
			await pause();
			before = await toolEntries(chosen.tool);
		}
		const version = next(chosen.version);
		await request('/api/tools/definitions', { method: 'PUT', body: JSON.stringify({ name: chosen.tool, version }),
			headers: { 'Content-Type': 'application/json' } });
		showRelease(`${chosen.tool} ${version}`, before, await toolEntries(chosen.tool));
	};

	const showRelease = (tool, before, after) => {
		const cached = before.entries.filter((entry) => entry.cached);
		byId('release-result').hidden = false;
		byId('release-table').hidden = cached.length === 0;
		const rows = byId('released');
		rows.replaceChildren();
		if (!before.known || !after.known) {
			byId('release-summary').textContent = `${tool} is released. The cache does not use Redis now, so the eviction of its tag is pending.`;
			say(byId('release-summary').textContent);
			return;
		}
		const now = new Map(after.entries.map((entry) => [entry.key, entry.cached]));
		let gone = 0;
		const tenants = new Set();
		for (const { orgId, key, carries } of cached) {
			const kept = now.get(key);
			if (!kept) {
				gone++;
				tenants.add(orgId);
			}
			const row = element('tr');
			const name = element('td');
			name.append(element('code', key));
			const mark = element('td');
			mark.append(element('span', kept ? 'kept' : 'evicted', `mark ${kept ? 'kept' : 'evicted'}`));
			row.append(element('td', orgId), name, element('td', carries ? 'yes' : 'no'), mark);
			rows.append(row);
		}
		const text = `${tool} is released. ${count(gone, 'list of a server is', 'lists of servers are')} gone, of ${count(tenants.size, 'tenant', 'tenants')}. ${count(cached.length - gone, 'list without the tool is', 'lists without the tool are')} kept.`;
		byId('release-summary').textContent = text;
		say(text);
	};

	let starting = false;

	const start = async () => {
		if (starting || state.tenant !== null) {
			return;
		}
		starting = true;
		try {
			await showTenants();
		}
		catch (ex) {
			say(ex.message);
		}
		finally {
			starting = false;
		}
	};

	const showTenants = async () => {
		const tenants = (await request('/api/tenants')).body;
		const select = byId('tenant');
		select.replaceChildren(...tenants.map((tenant) => {
			const option = element('option', `${tenant.name} (${tenant.id})`);
			option.value = tenant.id;
			return option;
		}));
		state.tenant = tenants[0].id;
		await showAgents();
	};

	const turn = (pages) => async () => {
		state.page += pages;
		await showAgents();
	};

	byId('tenant').addEventListener('change', async (event) => {
		state.tenant = event.target.value;
		state.page = 1;
		state.agent = null;
		byId('agent').hidden = true;
		byId('change-result').hidden = true;
		try {
			await showAgents();
		}
		catch (ex) {
			say(ex.message);
		}
	});
	onClick(byId('previous'), turn(-1));
	onClick(byId('next'), turn(1));
	onClick(byId('change'), change);
	onClick(byId('release'), release);

	// 3. Load and faults

	for (const button of byId('rates').querySelectorAll('button')) {
		onClick(button, async () => {
			const { rate } = (await press(`/api/live/load?rate=${button.dataset.rate}`)).body;
			showRate(rate);
			say(rate === 0 ? 'The load is off.' : `The load makes ${rate} calls a second.`);
		});
	}

	const showRate = (rate) => {
		for (const button of byId('rates').querySelectorAll('button')) {
			button.setAttribute('aria-pressed', String(Number(button.dataset.rate) === rate));
		}
	};

	onClick(byId('stampede'), async () => {
		byId('stampede-result').textContent = '200 callers are on their way.';
		try {
			const result = (await press('/api/live/stampede')).body;
			const same = result.different === 0 ? 'All got the same answer' : `${number(result.different)} got another answer`;
			const text = `${number(result.answered)} of ${number(result.callers)} callers were answered within ${millis(result.millis)}, by ${count(result.loads, 'load', 'loads')}. ${same}.`
				+ (result.loads > 1 && result.unanswered > 0 ? ` This machine is busy: ${count(result.unanswered, 'command', 'commands')} to Redis got no answer in time, so some callers loaded for themselves.` : '');
			byId('stampede-result').textContent = text;
			say(text);
		}
		catch (ex) {
			byId('stampede-result').textContent = ex.message;
			throw ex;
		}
	});

	onClick(byId('measure'), async () => {
		const result = byId('measure-result');
		result.textContent = 'Measuring: first without a cache, then with it.';
		say(result.textContent);
		try {
			await press('/api/live/load?rate=0');
			const { table, notes } = (await press('/api/live/measurement')).body;
			byId('measured-lines').replaceChildren(...table.map((line) => {
				const row = element('tr');
				const paper = [line.paperBefore, line.paperAfter].filter(Boolean).join(' → ');
				row.append(...[line.what, paper, line.without, line.with, line.change].map((text) => element('td', text)));
				return row;
			}));
			byId('measured-notes').replaceChildren(...notes.map((note) => element('li', note)));
			byId('measured').hidden = false;
			result.textContent = 'A short run on this machine. The command that takes longer is steadier.';
			say('The table is measured.');
		}
		catch (ex) {
			result.textContent = ex.message;
			throw ex;
		}
	});

	const conditions = {
		RUNNING: 'Redis works.',
		STOPPED: 'Redis is stopped: its process is gone, with all that it held.',
		FROZEN: 'Redis is frozen: connections stay open, and nothing is answered.',
		SLOW: 'Redis is slow: it holds up most commands by up to 150 ms.',
		FULL: 'Redis is full: it answers reads and refuses to store anything.',
	};

	for (const button of byId('faults').querySelectorAll('button')) {
		onClick(button, async () => {
			const { condition } = (await press(`/api/live/redis/${button.dataset.redis}`)).body;
			showCondition(condition);
			say(conditions[condition]);
		});
	}

	const showCondition = (condition) => {
		byId('faults').hidden = condition === undefined;
		byId('faults-state').textContent = condition === undefined
			? 'This sample uses a Redis that is not its own, so it does not break it.' : conditions[condition];
		for (const button of byId('faults').querySelectorAll('button[aria-pressed]')) {
			button.setAttribute('aria-pressed', String(button.dataset.redis.toUpperCase() === condition));
		}
	};

	for (const button of byId('switches').querySelectorAll('button')) {
		onClick(button, async () => {
			const on = button.getAttribute('aria-pressed') !== 'true';
			const { off } = (await press(`/api/live/cache/${button.dataset.cache}?enabled=${on}`)).body;
			showSwitches(off);
			say(on ? `The cache ${button.dataset.cache} is on again.` : `The cache ${button.dataset.cache} is off. Each call of its methods queries the database.`);
		});
	}

	const showSwitches = (off) => {
		for (const button of byId('switches').querySelectorAll('button')) {
			button.setAttribute('aria-pressed', String(!off.includes(button.dataset.cache)));
		}
		byId('switches-state').textContent = off.length === 0 ? 'All caches are on.' : `Off until this instance ends, or you switch it on: ${off.join(', ')}.`;
	};

	// 4. Charts

	const ticks = [];

	const latest = () => ticks[ticks.length - 1];

	const known = (value) => value !== undefined && value !== null;

	const charts = [
		{
			id: 'ratio', title: 'Hit ratio', unit: ' %',
			series: [{ name: 'reads that found a value', short: 'Hit ratio', ink: 'first', value: (tick) => known(tick.hitRatio) ? tick.hitRatio * 100 : null, text: (value) => `${number(value)} %` }],
			range: () => [0, 104],
			splits: () => [0, 25, 50, 75, 100],
			sentence: (tick) => known(tick.hitRatio)
				? `${number(tick.hitRatio * 100)} % of the cached reads of the last five seconds found a value.`
				: 'Nothing was read in the last five seconds.',
		},
		{
			id: 'queries', title: 'Database queries a second', unit: '',
			series: [
				{ name: 'counted at the database', short: 'Queries', ink: 'first', value: (tick) => tick.queries, text: number },
				{ name: 'without the cache (reads × queries of a read past it)', short: 'Without the cache', ink: 'second', dashed: true, value: (tick) => known(tick.queriesWithout) ? tick.queriesWithout : null, text: number },
			],
			range: (u, min, max) => [0, Math.max(10, max * 1.1)],
			sentence: (tick) => `${count(tick.queries, 'query', 'queries')} reached the database in the last second.`
				+ (known(tick.queriesWithout) ? ` Without the cache there would have been about ${number(tick.queriesWithout)}.` : ''),
		},
		{
			id: 'latency', title: 'Time of a read, in milliseconds', unit: '', log: true,
			series: [
				{ name: 'with cache, median', short: 'Median', ink: 'first', value: (tick) => known(tick.p50) ? tick.p50 : null, text: millis },
				{ name: 'with cache, 95 %', short: '95 %', ink: 'third', value: (tick) => known(tick.p95) ? tick.p95 : null, text: millis },
				{ name: 'past the cache, median', short: 'Past it: median', ink: 'second', dashed: true, value: (tick) => known(tick.directP50) ? tick.directP50 : null, text: millis },
				{ name: 'past the cache, 95 %', short: 'Past it: 95 %', ink: 'fourth', dashed: true, value: (tick) => known(tick.directP95) ? tick.directP95 : null, text: millis },
			],
			range: () => [0.1, 1000],
			splits: () => [0.1, 1, 10, 100, 1000],
			sentence: (tick) => known(tick.p50)
				? `Half of the cached reads took up to ${millis(tick.p50)}, 95 % up to ${millis(tick.p95)}.`
					+ (known(tick.directP50) ? ` Past the cache: ${millis(tick.directP50)} and ${millis(tick.directP95)}.` : '')
				: 'Nothing was read in the last five seconds.',
		},
		{
			id: 'loads', title: 'Loads a second', unit: '',
			series: [
				{ name: 'loads', short: 'Loads', ink: 'first', value: (tick) => tick.loads, text: number },
				{ name: 'calls that took another’s load', short: 'Shared', ink: 'third', value: (tick) => tick.shared, text: number },
				{ name: 'stale answers', short: 'Stale', ink: 'second', dashed: true, value: (tick) => tick.stale, text: number },
			],
			range: (u, min, max) => [0, Math.max(5, max * 1.1)],
			sentence: (tick) => `${count(tick.loads, 'load', 'loads')} in the last second. ${count(tick.shared, 'call', 'calls')} took the value of another caller’s load, ${number(tick.stale)} got a stale entry.`,
		},
	];

	const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

	/** Shade the seconds in which the cache could not use Redis. */
	const shade = (u) => {
		const { ctx } = u;
		const { top, height } = u.bbox;
		ctx.save();
		ctx.fillStyle = color('shade');
		for (let i = 0; i < ticks.length; i++) {
			if (ticks[i] && ticks[i].up === false) {
				const from = u.valToPos(ticks[i].at / 1000 - 0.5, 'x', true);
				const to = u.valToPos(ticks[i].at / 1000 + 0.5, 'x', true);
				const left = Math.max(u.bbox.left, from);
				const right = Math.min(u.bbox.left + u.bbox.width, to);
				ctx.fillRect(left, top, Math.max(0, right - left), height);
			}
		}
		ctx.restore();
	};

	const columns = (chart) => [
		ticks.map((tick) => tick.at / 1000),
		...chart.series.map((series) => ticks.map((tick) => tick.gap ? null : series.value(tick))),
	];

	const draw = (chart) => {
		if (chart.plot) {
			chart.plot.destroy();
		}
		const axis = { stroke: color('soft'), grid: { stroke: color('grid'), width: 1 }, ticks: { stroke: color('grid'), width: 1 }, font: '12px system-ui, sans-serif' };
		chart.plot = new uPlot({
			width: chart.place.clientWidth || 300,
			height: 210,
			legend: { show: false },
			cursor: { show: false },
			hooks: { drawClear: [shade] },
			scales: {
				x: { range: () => { const end = ticks.length ? latest().at / 1000 : Date.now() / 1000; return [end - KEPT, end]; } },
				y: chart.log ? { distr: 3, range: chart.range } : { range: chart.range },
			},
			axes: [
				{ ...axis, space: 80, values: (u, splits) => splits.map((at) => new Date(at * 1000).toLocaleTimeString('en-GB')) },
				{ ...axis, size: 60, ...(chart.splits ? { splits: chart.splits, filter: (u, splits) => splits } : {}), values: (u, splits) => splits.map((value) => `${value}${chart.unit}`) },
			],
			series: [{}, ...chart.series.map((series) => ({ stroke: color(series.ink), width: 2, dash: series.dashed ? [6, 4] : undefined, points: { show: false }, spanGaps: false }))],
		}, columns(chart), chart.place);
	};

	const build = (chart) => {
		const card = element('section', undefined, 'chart');
		const title = element('h3', chart.title);
		title.id = `${chart.id}-title`;
		card.setAttribute('aria-labelledby', title.id);
		chart.sentenceElement = element('p', 'No second has passed yet.', 'sentence');
		chart.sentenceElement.id = `${chart.id}-sentence`;
		const legend = element('ul', undefined, 'legend');
		legend.append(...chart.series.map((series) => element('li', series.name, series.dashed ? `${series.ink} dashed` : series.ink)));
		chart.place = element('div', undefined, 'plot');
		chart.place.setAttribute('role', 'img');
		chart.place.setAttribute('aria-labelledby', title.id);
		chart.place.setAttribute('aria-describedby', chart.sentenceElement.id);
		chart.details = element('details');
		const table = element('table');
		const head = element('thead');
		const names = element('tr');
		for (const name of ['Time', ...chart.series.map((series) => series.short)]) {
			const cell = element('th', name);
			cell.scope = 'col';
			names.append(cell);
		}
		head.append(names);
		chart.rows = element('tbody');
		table.append(element('caption', `${chart.title}, the last ten seconds`, 'hidden'), head, chart.rows);
		chart.details.append(element('summary', 'As a table'), table);
		chart.details.addEventListener('toggle', () => fillTable(chart));
		card.append(title, chart.sentenceElement, legend, chart.place, chart.details);
		byId('charts').append(card);
		draw(chart);
		new ResizeObserver(() => {
			const width = chart.place.clientWidth;
			if (width > 0 && width !== chart.plot.width) {
				chart.plot.setSize({ width, height: 210 });
			}
		}).observe(chart.place);
	};

	const fillTable = (chart) => {
		if (!chart.details.open) {
			return;
		}
		chart.rows.replaceChildren(...ticks.filter((tick) => !tick.gap).slice(-10).reverse().map((tick) => {
			const row = element('tr');
			row.append(element('td', new Date(tick.at).toLocaleTimeString('en-GB')));
			for (const series of chart.series) {
				const value = series.value(tick);
				row.append(element('td', known(value) ? series.text(value) : '–'));
			}
			return row;
		}));
	};

	// What is shown of now

	let wasUp = null;

	let awaySince = null;

	const showNow = (tick) => {
		byId('tile-link').className = `tile ${tick.up ? 'good' : 'bad'}`;
		if (tick.up) {
			awaySince = null;
			byId('link').textContent = 'Connected';
			byId('link-more').textContent = known(tick.keys) ? `${count(tick.keys, 'key', 'keys')}, ${tick.memory || '?'}` : 'Redis is used';
		}
		else {
			awaySince = awaySince || tick.at;
			byId('link').textContent = 'Without Redis';
			byId('link-more').textContent = `for ${number((tick.at - awaySince) / 1000)} s${tick.reason ? `: ${tick.reason}` : ''}`;
		}
		byId('ratio').textContent = known(tick.hitRatio) ? `${number(tick.hitRatio * 100)} %` : '–';
		byId('queries').textContent = number(tick.queries);
		byId('queries-more').textContent = known(tick.queriesWithout) && tick.rate > 0 ? `a second, about ${number(tick.queriesWithout)} without cache` : 'a second';
		byId('pending').textContent = number(tick.pending);
		byId('pending-more').textContent = tick.pending > 0 ? 'wait for Redis' : tick.applied > 0 ? `${number(tick.applied)} applied when Redis was back` : 'none waits for Redis';
		byId('errors').textContent = number(tick.errors);
		byId('errors-more').textContent = `of ${count(tick.calls, 'call', 'calls')}`;
		byId('tile-errors').className = `tile ${tick.errors > 0 ? 'bad' : 'good'}`;
		showRate(tick.rate);
		showCondition(tick.redis);
		showSwitches(tick.off);
		if (wasUp !== null && wasUp !== tick.up) {
			say(tick.up ? `The cache uses Redis again. ${count(tick.applied, 'eviction was', 'evictions were')} applied first.`
				: 'The cache goes on without Redis. Answers come from the database.');
		}
		wasUp = tick.up;
	};

	const add = (tick) => {
		if (ticks.length > 0 && tick.at < latest().at - 5000) {
			// Another clock, or this one was set back.
			ticks.length = 0;
		}
		if (ticks.length > 0 && tick.at <= latest().at) {
			return;
		}
		if (ticks.length > 0 && tick.at - latest().at > 5000) {
			ticks.push({ at: latest().at + 1000, gap: true });
		}
		ticks.push(tick);
		while (ticks.length > KEPT + 1) {
			ticks.shift();
		}
	};

	const show = () => {
		if (ticks.length === 0) {
			return;
		}
		const tick = latest();
		showNow(tick);
		for (const chart of charts) {
			chart.sentenceElement.textContent = chart.sentence(tick);
			fillTable(chart);
			if (!document.hidden) {
				chart.plot.setData(columns(chart));
			}
		}
	};

	// The stream

	let stream = null;

	let heardAt = 0;

	const lost = () => {
		wasUp = null;
		byId('tile-link').className = 'tile bad';
		byId('link').textContent = 'Reconnecting';
		byId('link-more').textContent = 'to this server';
		say('The connection to the server is lost. Reconnecting.');
	};

	const heard = () => {
		if (lastNews.startsWith('The connection to the server is lost')) {
			say('Connected to the server again.');
		}
		heardAt = Date.now();
	};

	const listen = () => {
		if (stream) {
			stream.close();
		}
		heardAt = Date.now();
		stream = new EventSource('/api/live');
		stream.addEventListener('history', (event) => {
			heard();
			for (const tick of JSON.parse(event.data)) {
				add(tick);
			}
			show();
			start();
		});
		stream.addEventListener('tick', (event) => {
			heard();
			add(JSON.parse(event.data));
			show();
		});
		stream.addEventListener('error', lost);
	};

	// A server that is gone, or that has enough subscribers, is tried again; so is a
	// connection that says nothing, as after a night's sleep.
	setInterval(() => {
		if (stream.readyState === EventSource.CLOSED || Date.now() - heardAt > 15000) {
			lost();
			listen();
		}
	}, 5000);

	charts.forEach(build);
	for (const query of ['(prefers-color-scheme: dark)', '(forced-colors: active)']) {
		matchMedia(query).addEventListener('change', () => charts.forEach(draw));
	}
	document.addEventListener('visibilitychange', () => { if (!document.hidden) { show(); } });
	listen();
	start();

})();
