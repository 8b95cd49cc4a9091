// Trains a job and follows it: node out/quickstart.js ADDRESS FINGERPRINT [STEPS]
//
// ADDRESS is a coordinator's gRPC address, FINGERPRINT that of a dataset which it holds.
import { randomUUID } from "node:crypto";
import * as grpc from "@grpc/grpc-js";
import { details, service } from "./cluster-api.js";

async function main(address: string, fingerprint: string, steps = "20"): Promise<void> {
  // A closed cluster: grpc.credentials.createSsl(ca), and metadata authorization: "Bearer TOKEN" (docs/security.md).
  const credentials = grpc.credentials.createInsecure();
  const Jobs = await service(address, credentials, "cluster.v1.Jobs");
  const jobs: any = new Jobs(address, credentials);
  const call = (method: string, request: object): Promise<any> =>
    new Promise((resolve, reject) => jobs[method](request, (error: unknown, answer: unknown) => (error ? reject(error) : resolve(answer))));

  const spec = {
    name: "quickstart",
    dataset: { fingerprint },
    model: { d_model: 16, heads: 2, layers: 1, feed_forward: 32 },
    training: { steps, logical_shards: 2, batch_tokens: 512 },
    workers: { max: 1 },
  };
  // Descriptors have a map as a list of its entries.
  const labels = [{ key: "made-by", value: "quickstart" }];
  // The same request id gives the same job, however often the call is repeated.
  const job = await call("CreateJob", { spec, labels, request_id: randomUUID() });
  console.log(`job ${job.id}`);

  let [token, ended] = ["", false];
  let last: any;
  while (!ended) {
    try {
      for await (const event of jobs.WatchJob({ id: job.id, resume_token: token })) {
        token = event.token;
        if (event.event === "progress") {
          console.log(`step ${event.progress.step}, loss ${event.progress.loss.toFixed(3)}`);
        }
        last = event.event === "state" ? event.state : last;
      }
      // The stream ends after the event in which the job ends.
      ended = true;
    } catch (error) {
      // The job goes on while the coordinator is away, and the token says where to go on.
      if ((error as grpc.ServiceError).code !== grpc.status.UNAVAILABLE) {
        throw error;
      }
    }
  }
  if (last.weights_sha256 === "") {
    throw new Error(`job ${job.id}: ${last.reason}`);
  }
  let size = 0;
  for await (const chunk of jobs.GetArtifacts({ id: job.id })) {
    size += chunk.data.length;
  }
  console.log(`weights_sha256 ${last.weights_sha256}, ${size} bytes of model files`);
  jobs.close();
}

main(...(process.argv.slice(2) as [string, string, string?])).catch((error: grpc.ServiceError) => {
  if (error.metadata === undefined) {
    console.error(error.message);
  } else {
    const { reason, violations } = details(error);
    console.error([`${reason}: ${error.details}`, ...violations.map((violation) => `  ${violation}`)].join("\n"));
  }
  process.exit(1);
});
