import { TopicDecoder } from '../../lib/avro/decoder.ts';
import type { RegistryPort } from '../../lib/avro/registry.ts';
import { type Request, requestSchema } from '../../schemas/generated/request.ts';

/** Reads the requests of a topic; the schema that their writers use is known to begin with. */
export async function openRequestDecoder(
  registry: RegistryPort,
  { topic, bytesMax }: { readonly topic: string; readonly bytesMax: number },
): Promise<TopicDecoder<Request>> {
  const decoder = new TopicDecoder<Request>({
    registry,
    subject: `${topic}-value`,
    schema: requestSchema,
    valueBytesMax: bytesMax,
  });
  await decoder.open();
  return decoder;
}
