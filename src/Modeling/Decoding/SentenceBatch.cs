using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Decoding;

/// <summary>Some sentences of like length, ready for an encoder.</summary>
/// <param name="Numbers">The sentences' places in the list they come from.</param>
/// <param name="Sources">Tokens, the end included.</param>
internal sealed record SentenceBatch(IReadOnlyList<int> Numbers, IReadOnlyList<int[]> Sources)
{
    /// <summary>Batches of at most so many padded tokens, longest sentences first; a sentence alone may exceed it.</summary>
    public static IEnumerable<SentenceBatch> Cut(IReadOnlyList<int[]> sources, int tokens)
    {
        var order = Enumerable.Range(0, sources.Count).OrderByDescending(number => sources[number].Length).ToList();
        for (var first = 0; first < order.Count; )
        {
            var width = Math.Max(1, sources[order[first]].Length);
            var numbers = order.GetRange(first, Math.Clamp(tokens / width, 1, order.Count - first));
            yield return new SentenceBatch(numbers, [.. numbers.Select(number => sources[number])]);
            first += numbers.Count;
        }
    }

    /// <summary>[N, S] tokens filled up with zeros, and [N] lengths.</summary>
    public (Tensor Source_NS, Tensor Lengths_N) ToTensors(Device device)
    {
        var width = Sources.Max(source => source.Length);
        var tokens = new long[Sources.Count * width];
        for (var row = 0; row < Sources.Count; row++)
        {
            for (var i = 0; i < Sources[row].Length; i++)
            {
                tokens[row * width + i] = Sources[row][i];
            }
        }
        return (
            tensor(tokens, new long[] { Sources.Count, width }, device: device),
            tensor(Sources.Select(source => (long)source.Length).ToArray(), device: device)
        );
    }
}
