using Google.Protobuf;

namespace TrainingCluster.EndToEnd.Tests.Tracing;

/// <summary>A span as OTLP has it, as far as tests look at it.</summary>
internal sealed record Span(string TraceId, string Id, string ParentId, string Name)
{
    /// <summary>Attribute <c>service.name</c> of the process.</summary>
    public string Service { get; init; } = "";

    public IReadOnlyDictionary<string, string> Attributes { get; init; } = new Dictionary<string, string>();

    /// <summary>2: error.</summary>
    public int Status { get; init; }

    public ulong Start { get; init; }

    public ulong End { get; init; }

    /// <summary>The spans of an ExportTraceServiceRequest. Numbers of fields are those of opentelemetry/proto.</summary>
    public static IEnumerable<Span> Of(byte[] request) =>
        from resourceSpans in Fields(request, 1)
        let service = Fields(resourceSpans, 1).SelectMany(r => Pairs(r, 1)).FirstOrDefault(p => p.Key == "service.name").Value ?? ""
        from scopeSpans in Fields(resourceSpans, 2)
        from span in Fields(scopeSpans, 2)
        select Read(span) with
        {
            Service = service,
        };

    private static Span Read(byte[] bytes)
    {
        var (trace, id, parent, name, status, start, end) = ("", "", "", "", 0, 0UL, 0UL);
        var input = new CodedInputStream(bytes);
        for (uint tag; (tag = input.ReadTag()) != 0; )
        {
            switch (WireFormat.GetTagFieldNumber(tag))
            {
                case 1:
                    trace = Convert.ToHexStringLower(input.ReadBytes().Span);
                    break;
                case 2:
                    id = Convert.ToHexStringLower(input.ReadBytes().Span);
                    break;
                case 4:
                    parent = Convert.ToHexStringLower(input.ReadBytes().Span);
                    break;
                case 5:
                    name = input.ReadString();
                    break;
                case 7:
                    start = input.ReadFixed64();
                    break;
                case 8:
                    end = input.ReadFixed64();
                    break;
                case 15:
                    status = Number(input.ReadBytes().ToByteArray(), 3);
                    break;
                default:
                    input.SkipLastField();
                    break;
            }
        }
        return new(trace, id, parent, name)
        {
            Attributes = Pairs(bytes, 9).ToDictionary(p => p.Key, p => p.Value),
            Status = status,
            Start = start,
            End = end,
        };
    }

    /// <summary>Messages in a repeated field.</summary>
    private static IEnumerable<byte[]> Fields(byte[] message, int number)
    {
        var input = new CodedInputStream(message);
        for (uint tag; (tag = input.ReadTag()) != 0; )
        {
            if (WireFormat.GetTagFieldNumber(tag) == number)
            {
                yield return input.ReadBytes().ToByteArray();
            }
            else
            {
                input.SkipLastField();
            }
        }
    }

    private static int Number(byte[] message, int number)
    {
        var input = new CodedInputStream(message);
        for (uint tag; (tag = input.ReadTag()) != 0; )
        {
            if (WireFormat.GetTagFieldNumber(tag) == number)
            {
                return input.ReadInt32();
            }
            input.SkipLastField();
        }
        return 0;
    }

    /// <summary>Key and value of attributes; a value is text or a number.</summary>
    private static IEnumerable<KeyValuePair<string, string>> Pairs(byte[] message, int number) =>
        Fields(message, number)
            .Select(pair =>
                KeyValuePair.Create(
                    System.Text.Encoding.UTF8.GetString(Fields(pair, 1).First()),
                    Fields(pair, 2).Select(Value).FirstOrDefault("")
                )
            );

    private static string Value(byte[] any)
    {
        var input = new CodedInputStream(any);
        var tag = input.ReadTag();
        return WireFormat.GetTagFieldNumber(tag) switch
        {
            1 => input.ReadString(),
            2 => input.ReadBool() ? "true" : "false",
            3 => FormattableString.Invariant($"{input.ReadInt64()}"),
            4 => FormattableString.Invariant($"{input.ReadDouble()}"),
            _ => "",
        };
    }
}
