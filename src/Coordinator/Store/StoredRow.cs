using System.Text.Json;
using Google.Protobuf;

namespace TrainingCluster.Coordinator.Store;

/// <summary>Reads what stands in a row: a damaged one is the store's fault, not that of whoever asks for it.</summary>
internal static class StoredRow
{
    /// <summary>Reads one row.</summary>
    /// <exception cref="InvalidDataException">It holds something else than this program wrote.</exception>
    public static T Read<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e)
            when (e is InvalidProtocolBufferException or JsonException or InvalidCastException or ArgumentException or OverflowException)
        {
            throw new InvalidDataException($"the job store has a row that cannot be read: {e.Message}", e);
        }
    }
}
