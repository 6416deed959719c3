// What can be done to a song: blocks of loops on a timeline of bars. Body in, body out; what changes nothing returns the same body.
// Two blocks of one loop never overlap: an edit that would have it so is not done.
const MOST = { blocks: 500, bars: 1000 };
const end = (block) => block.start + block.bars;
export const totalBars = (body) => Math.max(0, ...body.blocks.map(end));

const fits = (blocks, block) => block.start >= 0 && block.bars >= 1 && end(block) <= MOST.bars
  && blocks.every((each) => each.id === block.id || each.loop !== block.loop || each.start >= end(block) || end(each) <= block.start);

function placed(body, block) {
  const others = body.blocks.filter((each) => each.id !== block.id);
  if (others.length >= MOST.blocks || !fits(others, block)) return body;
  return { ...body, blocks: [...others, block].sort((a, b) => a.start - b.start || (a.id < b.id ? -1 : 1)) };
}

function changed(body, id, change) {
  const was = body.blocks.find((each) => each.id === id);
  const block = was && { ...was, ...change(was) };
  return !was || (block.start === was.start && block.bars === was.bars) ? body : placed(body, block);
}

export const SONG_EDITS = {
  meter: ({ body }, { to }) => (to === body.meter ? body : { ...body, meter: to }),
  add_block: ({ body }, { id, loop, start, bars }) => placed(body, { id, loop, start, bars }),
  move_block: ({ body }, { id, start }) => changed(body, id, () => ({ start })),
  size_block: ({ body }, { id, bars }) => changed(body, id, () => ({ bars })),
  // Behind itself; what stands there of the same loop makes room.
  repeat_block({ body }, { id, fresh }) {
    const was = body.blocks.find((each) => each.id === id);
    if (!was) return body;
    const moved = body.blocks.map((each) => (each.loop === was.loop && each.start >= end(was) ? { ...each, start: each.start + was.bars } : each));
    if (totalBars({ blocks: moved }) > MOST.bars) return body;
    return placed({ ...body, blocks: moved }, { ...was, id: fresh, start: end(was) });
  },
  remove_block: ({ body }, { id }) => (body.blocks.some((each) => each.id === id) ? { ...body, blocks: body.blocks.filter((each) => each.id !== id) } : body),
  remove_lane: ({ body }, { loop }) => (body.blocks.some((each) => each.loop === loop) ? { ...body, blocks: body.blocks.filter((each) => each.loop !== loop) } : body),
};
