// usage: node check_tokenizer.mjs tokenizer.json cases.json
// Encodes and decodes every case with Hugging Face's library and prints those where it differs.
import { readFileSync } from 'node:fs';
import { Tokenizer } from '@huggingface/tokenizers';

const [file, cases] = process.argv.slice(2).map(path => JSON.parse(readFileSync(path, 'utf8')));
const tokenizer = new Tokenizer(file, {});
for (const { text, ids, decoded } of cases) {
  const theirs = tokenizer.encode(text, { add_special_tokens: false }).ids;
  const back = tokenizer.decode(ids, { skip_special_tokens: true, clean_up_tokenization_spaces: false });
  if (JSON.stringify(theirs) !== JSON.stringify(ids) || back !== decoded)
    console.log(JSON.stringify({ text, ids, theirs, decoded, back }));
}
console.log(`checked ${cases.length}`);
