using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Serialization;

namespace TrainingCluster.Hosting;

/// <summary>Stands in the place of one of Akka's serialisers and reads no more than is admitted.</summary>
/// <param name="system">Its actor system.</param>
/// <param name="identifier">Whose place it takes.</param>
/// <param name="inner">Reads what is admitted; null: nothing is.</param>
/// <param name="admitted">
/// Messages by the name that they have on the wire; the type where the inner serialiser wants it. Null: all that it can read.
/// </param>
internal sealed class NarrowSerializer(ExtendedActorSystem system, int identifier, Serializer? inner, Dictionary<string, Type?>? admitted)
    : SerializerWithStringManifest(system)
{
    public override int Identifier => identifier;

    public override string Manifest(object o) => Akka.Serialization.Serialization.ManifestFor(Inner(o), o);

    public override byte[] ToBinary(object obj) => Inner(obj).ToBinary(obj);

    public override object FromBinary(byte[] bytes, string manifest)
    {
        Type? type = null;
        if (inner is null || (admitted is not null && !admitted.TryGetValue(manifest ?? "", out type)))
        {
            throw new SerializationException($"serialiser {identifier} may not read \"{manifest}\" here");
        }
        try
        {
            return inner is SerializerWithStringManifest named ? named.FromBinary(bytes, manifest) : inner.FromBinary(bytes, type);
        }
        catch (Exception e) when (e is not (SerializationException or OutOfMemoryException))
        {
            // Akka drops and tells of a message that is refused so; of any other exception the connection would end.
            throw new SerializationException($"serialiser {identifier} cannot read \"{manifest}\": {e.Message}", e);
        }
    }

    private Serializer Inner(object message) =>
        inner ?? throw new SerializationException($"{message.GetType()} is no message between nodes");
}
