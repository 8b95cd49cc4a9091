// The cluster's services for Node, without generated code: they describe themselves (server reflection).
import * as grpc from "@grpc/grpc-js";
import { loadFileDescriptorSetFromBuffer } from "@grpc/proto-loader";

const REFLECTION = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
const LOADING = { keepCase: true, longs: String, enums: String, defaults: true, oneofs: true };

/** The constructor of a service's client; its methods stand in it by their names. */
export async function service(address: string, credentials: grpc.ChannelCredentials, name: string): Promise<grpc.ServiceClientConstructor> {
  const raw = new grpc.Client(address, credentials);
  const files = new Map<string, Buffer>();
  const ask = async (field: number, text: string): Promise<void> => {
    for (const file of await reflect(raw, field, text)) {
      const [fileName] = fields(file, 1);
      if (files.has(fileName.toString())) {
        continue;
      }
      files.set(fileName.toString(), file);
      for (const dependency of fields(file, 3)) {
        await ask(3, dependency.toString());
      }
    }
  };
  // file_containing_symbol, and file_by_filename for what it imports.
  await ask(4, name);
  raw.close();
  const set = Buffer.concat([...files.values()].map((file) => delimited(1, file)));
  const loaded: any = grpc.loadPackageDefinition(loadFileDescriptorSetFromBuffer(set, LOADING));
  return name.split(".").reduce((scope, part) => scope[part], loaded);
}

/** The details of a failed call: the reason for programs, and each violation. */
export function details(error: grpc.ServiceError): { reason: string; violations: string[] } {
  const [status] = error.metadata.get("grpc-status-details-bin") as Buffer[];
  const found = { reason: grpc.status[error.code], violations: [] as string[] };
  for (const any of status === undefined ? [] : fields(status, 3)) {
    const [type, value] = [fields(any, 1)[0].toString(), fields(any, 2)[0]];
    if (type.endsWith("/google.rpc.ErrorInfo")) {
      found.reason = fields(value, 1)[0].toString();
    }
    if (type.endsWith("/google.rpc.BadRequest")) {
      found.violations.push(...fields(value, 1).map((v) => `${fields(v, 1)[0]}: ${fields(v, 2)[0]}`));
    }
  }
  return found;
}

function reflect(client: grpc.Client, field: number, text: string): Promise<Buffer[]> {
  const call = client.makeBidiStreamRequest(REFLECTION, (request: Buffer) => request, (answer: Buffer) => answer);
  return new Promise((resolve, reject) => {
    // FileDescriptorResponse is field 4 of the answer, and has the files in its field 1.
    call.on("data", (answer: Buffer) => resolve(fields(answer, 4).flatMap((files) => fields(files, 1))));
    call.on("error", reject);
    call.write(delimited(field, Buffer.from(text)));
    call.end();
  });
}

/** The contents of a message's length-delimited fields of a number. */
function fields(message: Buffer, number: number): Buffer[] {
  const found: Buffer[] = [];
  let at = 0;
  const varint = (): number => {
    let [value, scale] = [0, 1];
    for (; ; scale *= 128) {
      const byte = message[at++];
      value += (byte & 127) * scale;
      if (byte < 128) {
        return value;
      }
    }
  };
  while (at < message.length) {
    const tag = varint();
    const type = tag & 7;
    if (type === 2) {
      const length = varint();
      if (tag >>> 3 === number) {
        found.push(message.subarray(at, at + length));
      }
      at += length;
    } else if (type === 0) {
      varint();
    } else {
      at += type === 1 ? 8 : 4;
    }
  }
  return found;
}

function delimited(field: number, content: Buffer): Buffer {
  const head = [field * 8 + 2];
  let length = content.length;
  for (; length > 127; length = Math.floor(length / 128)) {
    head.push((length % 128) + 128);
  }
  return Buffer.concat([Buffer.from([...head, length]), content]);
}
