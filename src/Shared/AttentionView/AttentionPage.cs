using System.Buffers.Binary;
using System.Text.Json;
using TrainingCluster.Modeling.Decoding;

namespace TrainingCluster.AttentionView;

/// <summary>
/// A recording as one HTML file that needs nothing from elsewhere: what each token looks at, by layer and head, a map of every head, and
/// the prediction step by step. <c>attention.html</c>, <c>attention.css</c> and <c>attention.js</c> lie in the program.
/// </summary>
public static class AttentionPage
{
    private static readonly string s_page = Read("attention.html")
        .Replace("/*style*/", Read("attention.css"))
        .Replace("/*script*/", Read("attention.js"));

    /// <summary>Makes the page.</summary>
    /// <param name="recording">What it shows.</param>
    /// <param name="model">What it says of the model.</param>
    /// <param name="view">What it shows first, and what the reader must know.</param>
    /// <returns>An HTML document.</returns>
    public static string Create(AttentionRecording recording, ModelFacts model, AttentionPageView view)
    {
        ArgumentNullException.ThrowIfNull(recording);
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(view);
        // The default encoder escapes <, > and &, so that no sentence ends the script element.
        var data = JsonSerializer.Serialize(
            new
            {
                recording.Source,
                recording.Translation,
                recording.SourceTokens,
                recording.Steps,
                Maps = recording.Maps.Select(map => new
                {
                    Kind = map.Kind switch
                    {
                        AttentionKind.EncoderSelf => "encoder",
                        AttentionKind.DecoderSelf => "decoder",
                        _ => "cross",
                    },
                    map.Layer,
                    map.Head,
                    Rows = map.Queries.Count,
                    Columns = map.Keys.Count,
                    Weights = Encode(map.Weights),
                }),
                Model = model,
                view.Layer,
                view.Head,
                view.Notes,
            },
            JsonSerializerOptions.Web
        );
        return s_page.Replace("/*data*/", data);
    }

    /// <summary>16 bits a weight, little-endian, in base64: four characters for each 1.5 weights, and exact to 0.001 %.</summary>
    private static string Encode(IReadOnlyList<float> weights)
    {
        var bytes = new byte[2 * weights.Count];
        for (var i = 0; i < weights.Count; i++)
        {
            var share = (ushort)Math.Round(Math.Clamp(weights[i], 0, 1) * ushort.MaxValue);
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(2 * i), share);
        }
        return Convert.ToBase64String(bytes);
    }

    private static string Read(string name)
    {
        using var reader = new StreamReader(typeof(AttentionPage).Assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }
}

/// <summary>What the page shows first.</summary>
/// <param name="Layer">From 1; null: the last.</param>
/// <param name="Head">From 1; null: all.</param>
/// <param name="Notes">Sentences that stand above all, such as a warning.</param>
public sealed record AttentionPageView(int? Layer, int? Head, IReadOnlyList<string> Notes);
