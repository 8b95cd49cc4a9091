// Trains on text of your own and translates: node out/quickstart.js ADDRESS SOURCE TARGET [STEPS [SERVING SENTENCE]]
//
// ADDRESS is a coordinator's gRPC address; SOURCE and TARGET are files of parallel text, a sentence a line. SERVING is the gRPC address
// of './cluster serve', which serves the models of that coordinator: it translates SENTENCE.
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { accessSync, constants, createReadStream } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import * as grpc from "@grpc/grpc-js";
import { details, service } from "./cluster-api.js";

const PIECE_BYTES = 256 * 1024;
const SERVED_WITHIN_MS = 60_000;

// A closed cluster: grpc.credentials.createSsl(ca), and metadata authorization: "Bearer TOKEN" (docs/security.md).
const credentials = grpc.credentials.createInsecure();

async function client(address: string, name: string): Promise<any> {
  return new (await service(address, credentials, name))(address, credentials);
}

function call(stub: any, method: string, request: object): Promise<any> {
  return new Promise((resolve, reject) => {
    stub[method](request, (error: unknown, answer: unknown) => (error ? reject(error) : resolve(answer)));
  });
}

/** A dataset of both sides of a text: settings first, then the text in pieces. */
function prepare(datasets: any, source: string, target: string): Promise<any> {
  return new Promise((resolve, reject) => {
    const stream = datasets.PrepareDataset((error: unknown, dataset: unknown) => (error ? reject(error) : resolve(dataset)));
    const send = async (): Promise<void> => {
      stream.write({ settings: { vocabulary_size: 6000 } });
      for (const [part, path] of [["TEXT_PART_SOURCE", source], ["TEXT_PART_TARGET", target]]) {
        for await (const data of createReadStream(path, { highWaterMark: PIECE_BYTES })) {
          if (!stream.write({ text: { part, data } })) {
            await once(stream, "drain");
          }
        }
      }
      stream.end();
    };
    send().catch(reject);
  });
}

/** The last state of a job, over lost connections. */
async function follow(jobs: any, id: string): Promise<any> {
  let token = "";
  let last: any;
  for (;;) {
    try {
      for await (const event of jobs.WatchJob({ id, resume_token: token })) {
        token = event.token;
        if (event.event === "progress") {
          console.log(`step ${event.progress.step}, loss ${event.progress.loss.toFixed(3)}`);
        }
        last = event.event === "state" ? event.state : last;
      }
      // The stream ends after the event in which the job ends.
      return last;
    } catch (error) {
      // The job goes on while the coordinator is away, and the token says where to go on.
      if ((error as grpc.ServiceError).code !== grpc.status.UNAVAILABLE) {
        throw error;
      }
    }
  }
}

/** What a job's model makes of a sentence. The server hears of the model a moment after the job has ended. */
async function translate(serving: string, model: string, sentence: string): Promise<string> {
  const inference = await client(serving, "cluster.v1.Inference");
  const waits = [grpc.status.NOT_FOUND, grpc.status.FAILED_PRECONDITION, grpc.status.UNAVAILABLE];
  for (const until = Date.now() + SERVED_WITHIN_MS; ; await sleep(1000)) {
    try {
      return (await call(inference, "Translate", { model, texts: [sentence] })).translations[0].text;
    } catch (error) {
      if (!waits.includes((error as grpc.ServiceError).code) || Date.now() > until) {
        throw error;
      }
    }
  }
}

async function main(
  address: string,
  source: string,
  target: string,
  steps = "20",
  serving?: string,
  sentence = "",
): Promise<void> {
  // A file that cannot be read is told before the call begins.
  [source, target].forEach((path) => accessSync(path, constants.R_OK));
  const datasets = await client(address, "cluster.v1.Datasets");
  const jobs = await client(address, "cluster.v1.Jobs");
  const dataset = await prepare(datasets, source, target);
  console.log(`dataset ${dataset.fingerprint}, ${dataset.sentence_count} sentences`);
  const spec = {
    name: "quickstart",
    dataset: { fingerprint: dataset.fingerprint },
    model: { d_model: 16, heads: 2, layers: 1, feed_forward: 32 },
    training: { steps, logical_shards: 2, batch_tokens: 512 },
    workers: { max: 1 },
  };
  // Descriptors have a map as a list of its entries.
  const labels = [{ key: "made-by", value: "quickstart" }];
  // The same request id gives the same job, however often the call is repeated.
  const job = await call(jobs, "CreateJob", { spec, labels, request_id: randomUUID() });
  console.log(`job ${job.id}`);
  const end = await follow(jobs, job.id);
  if (end.weights_sha256 === "") {
    throw new Error(`job ${job.id}: ${end.reason}`);
  }
  let size = 0;
  for await (const chunk of jobs.GetArtifacts({ id: job.id })) {
    size += chunk.data.length;
  }
  console.log(`weights_sha256 ${end.weights_sha256}, ${size} bytes of model files`);
  if (serving !== undefined) {
    console.log(`translation: ${await translate(serving, job.id, sentence)}`);
  }
  process.exit(0);
}

if (process.argv.length < 5) {
  console.error("usage: node out/quickstart.js ADDRESS SOURCE TARGET [STEPS [SERVING SENTENCE]]");
  process.exit(1);
}
main(...(process.argv.slice(2) as [string, string, string, string?, string?, string?])).catch((error: grpc.ServiceError) => {
  if (error.metadata === undefined) {
    console.error(error.message);
  } else {
    const { reason, violations } = details(error);
    console.error([`${reason}: ${error.details}`, ...violations.map((violation) => `  ${violation}`)].join("\n"));
  }
  process.exit(1);
});
