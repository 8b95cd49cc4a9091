using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Serialization;

namespace TrainingCluster.Hosting;

/// <summary>Stands in the place of one of Akka's serialisers and reads no more than is admitted.</summary>
/// <param name="system">Its actor system.</param>
/// <param name="identifier">Whose place it takes.</param>
/// <param name="inner">Reads what is admitted; null: nothing is.</param>
/// <param name="admitted">Messages by the name that they have on the wire; the type where the inner serialiser wants it.</param>
internal sealed class NarrowSerializer(ExtendedActorSystem system, int identifier, Serializer? inner, Dictionary<string, Type?> admitted)
    : SerializerWithStringManifest(system)
{
    public override int Identifier => identifier;

    public override string Manifest(object o) => Akka.Serialization.Serialization.ManifestFor(Inner(o), o);

    public override byte[] ToBinary(object obj) => Inner(obj).ToBinary(obj);

    public override object FromBinary(byte[] bytes, string manifest)
    {
        if (inner is null || !admitted.TryGetValue(manifest ?? "", out var type))
        {
            throw new SerializationException($"serialiser {identifier} may not read \"{manifest}\" here");
        }
        return inner is SerializerWithStringManifest named ? named.FromBinary(bytes, manifest) : inner.FromBinary(bytes, type);
    }

    private Serializer Inner(object message) =>
        inner ?? throw new SerializationException($"{message.GetType()} is no message between nodes");
}
