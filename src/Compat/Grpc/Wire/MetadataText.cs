using Grpc.Core;

namespace Grpc.Wire;

/// <summary>Metadata as header text: binary values are base64, padded or not, several joined by commas.</summary>
internal static class MetadataText
{
    public static string Encode(Metadata.Entry entry) => entry.IsBinary ? Convert.ToBase64String(entry.ValueBytes) : entry.Value;

    /// <summary>Adds the header, unless the protocol keeps it to itself.</summary>
    /// <exception cref="RpcException">A binary header is no base64.</exception>
    public static void Add(Metadata metadata, string name, string value)
    {
        if (IsReserved(name))
            return;
        if (!name.EndsWith(Metadata.BinaryHeaderSuffix, StringComparison.OrdinalIgnoreCase))
        {
            metadata.Add(name, value);
            return;
        }
        foreach (var part in value.Split(','))
            metadata.Add(name, Decode(name, part.Trim()));
    }

    private static byte[] Decode(string name, string text)
    {
        try
        {
            return Convert.FromBase64String(text.PadRight((text.Length + 3) / 4 * 4, '='));
        }
        catch (FormatException error)
        {
            throw new RpcException(new Status(StatusCode.Internal, $"Binary header '{name}' is not valid base64.", error));
        }
    }

    private static bool IsReserved(string name) =>
        name.StartsWith(':')
        || name.Equals("content-type", StringComparison.OrdinalIgnoreCase)
        || name.Equals("content-encoding", StringComparison.OrdinalIgnoreCase)
        || name.Equals("te", StringComparison.OrdinalIgnoreCase)
        || name.Equals(Names.Status, StringComparison.OrdinalIgnoreCase)
        || name.Equals(Names.Message, StringComparison.OrdinalIgnoreCase)
        || name.Equals(Names.Timeout, StringComparison.OrdinalIgnoreCase)
        || name.Equals(Names.Encoding, StringComparison.OrdinalIgnoreCase)
        || name.Equals(Names.AcceptEncoding, StringComparison.OrdinalIgnoreCase);
}
