'use strict';

const data = JSON.parse(document.getElementById('data').textContent);
const element = id => document.getElementById(id);
const mostLines = 3000;

const source = data.sourceTokens;
const read = data.steps.map(step => step.read);
const written = data.steps.map(step => step.written);
const kinds = {
  encoder: {
    name: 'Encoder', queries: source, keys: source, left: 'source token (query)', right: 'source tokens (keys)',
    meaning: 'Self-attention of the encoder: each source token takes from all source tokens. It is computed once, before the first step.',
    begin: row => `“${source[row]}” looks at`, asked: column => `“${source[column]}” is looked at by`,
  },
  decoder: {
    name: 'Decoder', queries: written, keys: read, left: 'read → written (query)', right: 'read so far (keys)',
    meaning: 'Self-attention of the decoder: a step takes from the tokens read up to now. What comes later is masked.',
    begin: row => `Having read “${read[row]}”, to write “${written[row]}”, the model looks at`,
    asked: column => `“${read[column]}”, once read, is looked at to write`,
  },
  cross: {
    name: 'Cross', queries: written, keys: source, left: 'token written (query)', right: 'source tokens (keys)',
    meaning: 'Attention of the decoder to the encoder’s output: a row is named by the token that the step writes.',
    begin: row => `To write “${written[row]}” the model looks at`, asked: column => `“${source[column]}” is looked at to write`,
  },
};

const maps = new Map(data.maps.map(map => [`${map.kind} ${map.layer} ${map.head}`, map]));
const kindsThere = Object.keys(kinds).filter(kind => data.maps.some(map => map.kind === kind));
const layersOf = kind => [...new Set(data.maps.filter(map => map.kind === kind).map(map => map.layer))];
const headsOf = kind => [...new Set(data.maps.filter(map => map.kind === kind).map(map => map.head))];

const state = {
  kind: kindsThere.includes('cross') ? 'cross' : kindsThere[0],
  view: 'tokens',
  layer: data.layer ?? Math.max(...data.maps.map(map => map.layer)),
  heads: new Set(),
  step: data.steps.length,
  held: null, // { side: 'queries' | 'keys', index }
  shown: null, // what is hovered over or focused, else what is held
};

// 16 bits a weight, little-endian, as every browser's machine has them.
function weightsOf(kind, layer, head) {
  const map = maps.get(`${kind} ${layer} ${head}`);
  map.numbers ??= new Uint16Array(Uint8Array.from(atob(map.weights), c => c.charCodeAt(0)).buffer);
  return (row, column) => map.numbers[row * map.columns + column] / 65535;
}

function selected() {
  const all = [...state.heads].map(head => ({ head, at: weightsOf(state.kind, state.layer, head) }));
  return { all, mean: (row, column) => all.reduce((sum, { at }) => sum + at(row, column), 0) / all.length };
}

const colorOf = head => `hsl(${Math.round(210 + (head - 1) * 360 / headsOf(state.kind).length) % 360} 70% 50%)`;
const percent = share => (share < 0.005 ? '' : `${Math.round(100 * share)} %`);
const isLater = row => state.kind !== 'encoder' && row >= state.step;

function make(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function choices(id, type, values, isChosen, choose, name = value => value) {
  element(id).replaceChildren(...values.map(value => {
    const input = make('input', { type, name: id, value, checked: isChosen(value), onchange: () => choose(value) });
    const label = make('label', { className: 'choice' }, input, name(value));
    if (id === 'heads') {
      label.style.setProperty('--head', colorOf(value));
      label.ondblclick = () => showHeads([value]);
    }
    return label;
  }));
}

function showHeads(heads) {
  state.heads = new Set(heads);
  drawControls();
  draw();
}

function choose(change) {
  Object.assign(state, change);
  if (!layersOf(state.kind).includes(state.layer)) state.layer = layersOf(state.kind)[0];
  if ('kind' in change) {
    state.heads = new Set(headsOf(state.kind));
    state.held = state.shown = null;
  }
  drawControls();
  drawTokens();
  draw();
}

function drawControls() {
  const chosen = document.activeElement?.closest?.('.choice')?.parentElement.id;
  choices('kinds', 'radio', kindsThere, kind => kind === state.kind, kind => choose({ kind }), kind => kinds[kind].name);
  choices('views', 'radio', ['tokens', 'maps'], view => view === state.view, view => choose({ view }),
    view => ({ tokens: 'Head', maps: 'Model' })[view]);
  choices('layers', 'radio', layersOf(state.kind), layer => layer === state.layer, layer => choose({ layer }));
  choices('heads', 'checkbox', headsOf(state.kind), head => state.heads.has(head), head => {
    const heads = new Set(state.heads);
    heads.delete(head) || heads.add(head);
    showHeads(heads.size ? heads : headsOf(state.kind));
  });
  // The controls were made anew: the keyboard stays where it was.
  if (chosen) (element(chosen).querySelector(':checked') ?? element(chosen).querySelector('input')).focus();
  for (const part of document.querySelectorAll('.for-tokens')) part.hidden = state.view !== 'tokens';
  for (const part of document.querySelectorAll('.for-maps')) part.hidden = state.view !== 'maps';
  element('meaning').textContent = kinds[state.kind].meaning
    + (state.view === 'maps' ? ' Rows are queries, columns keys; a map opens its head.' : '');
}

function drawTokens() {
  const kind = kinds[state.kind];
  element('queries-heading').textContent = kind.left;
  element('keys-heading').textContent = kind.right;
  for (const side of ['queries', 'keys']) {
    element(side).replaceChildren(...kind[side].map((token, index) => {
      const before = side === 'queries' && state.kind === 'decoder' ? [make('small', {}, make('bdi', {}, read[index]), ' →')] : [];
      const button = make('button', { type: 'button', className: 'token', tabIndex: index ? -1 : 0 },
        ...before, make('bdi', { textContent: token }), make('small', { className: 'share' }));
      const here = { side, index };
      button.onmouseenter = button.onfocus = () => show(here);
      button.onmouseleave = button.onblur = () => show(state.held);
      button.onclick = () => hold(state.held?.side === side && state.held.index === index ? null : here);
      button.onkeydown = event => move(event, side, index);
      return make('li', {}, button);
    }));
  }
}

function move(event, side, index) {
  const last = kinds[state.kind][side].length - 1;
  const other = side === 'queries' ? 'keys' : 'queries';
  const turn = { ArrowLeft: 'queries', ArrowRight: 'keys' }[event.key];
  const to = { ArrowUp: index - 1, ArrowDown: index + 1, Home: 0, End: last }[event.key];
  const tokens = name => element(name).querySelectorAll('.token');
  let target = null;
  if (turn === other) target = tokens(other)[Math.min(index, kinds[state.kind][other].length - 1)];
  else if (to !== undefined) target = tokens(side)[Math.min(Math.max(to, 0), last)];
  if (!target) return;
  event.preventDefault();
  for (const token of target.closest('ol').querySelectorAll('.token')) token.tabIndex = token === target ? 0 : -1;
  target.focus();
}

function show(what) {
  state.shown = what;
  draw();
}

function hold(what) {
  state.held = what;
  show(what);
}

function draw() {
  if (state.view === 'maps') drawMaps();
  else drawAttention();
}

function drawAttention() {
  const { all, mean } = selected();
  const kind = kinds[state.kind];
  const shown = state.shown;
  const side = shown?.side;
  const other = { queries: 'keys', keys: 'queries' }[side];
  const at = side === 'keys' ? (index => mean(index, shown.index)) : (index => mean(shown.index, index));
  for (const name of ['queries', 'keys']) {
    element(name).querySelectorAll('.token').forEach((token, index) => {
      const share = name === other ? at(index) : 0;
      const later = name === 'queries' ? isLater(index) : state.kind === 'decoder' && index >= state.step;
      token.style.background = share > 0 ? `rgba(var(--shade), ${share.toFixed(3)})` : '';
      token.querySelector('.share').textContent = name === other ? percent(share) : '';
      token.classList.toggle('held', name === side && index === shown.index);
      token.classList.toggle('later', later);
    });
  }
  const tooMany = kind.queries.length * kind.keys.length > mostLines;
  element('told').textContent = shown ? tell(kind, side, shown.index, at, kind[other])
    : `Hover over a token, or reach it with Tab.${tooMany ? ' Lines are drawn for one token at a time: all would be too many.' : ''}`;
  drawLines(tooMany && !shown ? [] : all, shown);
}

function tell(kind, side, index, at, others) {
  const best = others.map((token, place) => [at(place), token]).sort((a, b) => b[0] - a[0]).slice(0, 4);
  const list = best.filter(([share]) => share >= 0.005).map(([share, token]) => `“${token}” ${percent(share)}`);
  return `${side === 'keys' ? kind.asked(index) : kind.begin(index)}: ${list.join(', ') || 'nothing above half a percent'}.`;
}

function drawLines(all, shown) {
  const svg = element('lines');
  const frame = svg.getBoundingClientRect();
  const place = (name, edge) => [...element(name).children].map(item => {
    const box = item.getBoundingClientRect();
    return [box[edge] - frame.left, (box.top + box.bottom) / 2 - frame.top];
  });
  const [from, to] = [place('queries', 'right'), place('keys', 'left')];
  const least = shown ? 0.01 : 0.05;
  const lines = [];
  for (const { head, at } of all) {
    const rows = shown?.side === 'queries' ? [shown.index] : from.keys();
    for (const row of rows) {
      const columns = shown?.side === 'keys' ? [shown.index] : to.keys();
      for (const column of isLater(row) && !shown ? [] : columns) {
        const share = at(row, column);
        if (share < least) continue;
        const line = document.createElementNS('http://www.w3.org/2000/svg', 'line');
        const ends = { x1: from[row][0], y1: from[row][1], x2: to[column][0], y2: to[column][1] };
        for (const [name, value] of Object.entries(ends)) line.setAttribute(name, value);
        line.setAttribute('stroke', colorOf(head));
        line.setAttribute('stroke-width', 2);
        line.setAttribute('stroke-opacity', Math.min(1, share * 1.1).toFixed(3));
        lines.push(line);
      }
    }
  }
  svg.replaceChildren(...lines);
}

function drawMaps() {
  const [layers, heads] = [layersOf(state.kind), headsOf(state.kind)];
  const head = make('tr', {}, make('td'), ...heads.map(number => make('th', { scope: 'col' }, `head ${number}`)));
  const rows = layers.map(layer => make('tr', {}, make('th', { scope: 'row' }, `layer ${layer}`), ...heads.map(number => {
    const open = make('button', { type: 'button', title: `Open layer ${layer}, head ${number}` }, thumbnail(layer, number));
    open.setAttribute('aria-label', open.title);
    open.onclick = () => {
      choose({ view: 'tokens', layer });
      showHeads([number]);
    };
    return make('td', {}, open);
  })));
  element('maps').replaceChildren(make('table', {}, head, ...rows));
}

function thumbnail(layer, head) {
  const { rows, columns } = maps.get(`${state.kind} ${layer} ${head}`);
  const at = weightsOf(state.kind, layer, head);
  const canvas = make('canvas', { width: columns, height: rows });
  const context = canvas.getContext('2d');
  const image = context.createImageData(columns, rows);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      // One colour whose opacity is the weight: it reads on light and dark paper.
      image.data.set([40, 130, 220, Math.round(255 * at(row, column))], 4 * (row * columns + column));
    }
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

function setStep(step) {
  state.step = Math.min(Math.max(step, 1), data.steps.length);
  element('step').value = state.step;
  if (state.kind !== 'encoder') hold({ side: 'queries', index: state.step - 1 });
  drawStep();
}

function drawStep() {
  const [step, now] = [state.step, data.steps[state.step - 1]];
  element('step-number').textContent = `${step} of ${data.steps.length}`;
  element('written').replaceChildren(
    `reads “${now.read}”, writes: ${written.slice(0, step - 1).join('')}`, make('mark', { textContent: now.written }));
  element('likeliest').replaceChildren(...now.likeliest.map(({ token, probability }) => {
    const bar = make('i');
    bar.style.width = `${100 * probability}%`;
    return make('li', { className: token === now.written ? 'chosen' : '' },
      make('bdi', { textContent: token }), bar, make('span', { textContent: `${(100 * probability).toFixed(1)} %` }));
  }));
  drawCache(step);
}

function drawCache(step) {
  const { kind, layers, width } = data.model;
  if (kind !== 'transformer') {
    element('cache').replaceChildren();
    element('cache-told').textContent = 'A recurrent decoder keeps no keys and values of what it wrote: its state has '
      + `${width} numbers in each layer (${layers}) at every step. The ${source.length} states of the source are keys and values, `
      + 'computed once.';
    return;
  }
  const cells = () => data.steps.map((_, index) => make('i', { className: index < step - 1 ? '' : index < step ? 'new' : 'none' }));
  const rows = Array.from({ length: layers }, (_, layer) => ['keys', 'values'].map(what => make(
    'div', { className: 'kept' }, make('span', {}, `layer ${layer + 1}, ${what}`), make('div', {}, ...cells()))));
  element('cache').style.setProperty('--steps', data.steps.length);
  element('cache').replaceChildren(...rows.flat());
  const numbers = (2 * layers * width * step).toLocaleString('en');
  const tokens = step === 1 ? '1 token' : `${step} tokens`;
  element('cache-told').textContent = `${tokens} × ${layers} layers × (key + value) × ${width} numbers = ${numbers}. `
    + `This step computed the newest column alone; without what is kept it would compute all ${step}. Keys and values of the `
    + `${source.length} source tokens are computed once.`;
}

function begin() {
  document.title = `Attention: ${data.source}`;
  element('source').textContent = data.source;
  element('translation').textContent = data.translation || '(nothing)';
  element('model-facts').textContent = data.model.facts;
  element('notes').replaceChildren(...data.notes.map(note => make('li', { textContent: note })));
  element('step').max = data.steps.length;
  element('step').value = state.step;
  element('step').oninput = event => setStep(Number(event.target.value));
  element('back').onclick = () => setStep(state.step - 1);
  element('on').onclick = () => setStep(state.step + 1);
  element('theme').onclick = () => {
    const root = document.documentElement.style;
    const dark = root.colorScheme ? root.colorScheme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
    root.colorScheme = dark ? 'light' : 'dark';
  };
  addEventListener('keydown', event => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === 'Escape') hold(null);
    else if (event.key === '0') showHeads(headsOf(state.kind));
    else if (headsOf(state.kind).includes(Number(event.key))) showHeads([Number(event.key)]);
  });
  addEventListener('resize', draw);
  choose({ kind: state.kind });
  if (data.head) showHeads([data.head]);
  drawStep();
}

begin();
