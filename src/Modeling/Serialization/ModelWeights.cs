using System.Security.Cryptography;
using TorchSharp;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Serialization;

/// <summary>A module's parameters as bytes, in the order of their names, and back.</summary>
public static class ModelWeights
{
    /// <summary>Copies all parameters, sorted by name (ordinal).</summary>
    public static IReadOnlyList<NamedTensor> Capture(torch.nn.Module module)
    {
        ArgumentNullException.ThrowIfNull(module);
        using var scope = NewDisposeScope();
        return
        [
            .. module
                .named_parameters()
                .OrderBy(pair => pair.name, StringComparer.Ordinal)
                .Select(pair => Capture(pair.name, pair.parameter)),
        ];
    }

    /// <summary>Copies one tensor.</summary>
    public static NamedTensor Capture(string name, Tensor value)
    {
        ArgumentNullException.ThrowIfNull(value);
        using var scope = NewDisposeScope();
        return new NamedTensor(name, TypeName(value.dtype), value.shape, value.detach().cpu().contiguous().bytes.ToArray());
    }

    /// <summary>Copies the file's tensors into the parameters of the same names.</summary>
    /// <exception cref="InvalidDataException">A parameter is missing in the file or has another type or shape there.</exception>
    public static void Restore(torch.nn.Module module, SafetensorsFile file)
    {
        ArgumentNullException.ThrowIfNull(module);
        ArgumentNullException.ThrowIfNull(file);
        Restore(module, [.. module.named_parameters().Select(pair => file.Read(pair.name))]);
    }

    /// <summary>Copies tensors into the parameters of the same names.</summary>
    /// <exception cref="InvalidDataException">A parameter is missing or has another type or shape.</exception>
    public static void Restore(torch.nn.Module module, IReadOnlyList<NamedTensor> weights)
    {
        ArgumentNullException.ThrowIfNull(module);
        ArgumentNullException.ThrowIfNull(weights);
        var byName = weights.ToDictionary(weight => weight.Name, StringComparer.Ordinal);
        using var noGradients = no_grad();
        using var scope = NewDisposeScope();
        foreach (var (name, parameter) in module.named_parameters())
        {
            if (!byName.TryGetValue(name, out var weight))
            {
                throw new InvalidDataException($"The weights lack '{name}', which the model needs.");
            }
            if (weight.Type != TypeName(parameter.dtype) || !weight.Shape.SequenceEqual(parameter.shape))
            {
                throw new InvalidDataException(
                    $"The weight '{name}' is {weight.Type} [{string.Join(", ", weight.Shape)}] where the model has "
                        + $"{TypeName(parameter.dtype)} [{string.Join(", ", parameter.shape)}]."
                );
            }
            parameter.copy_(ToTensor(weight));
        }
    }

    /// <summary>A tensor of its own on the CPU, in the open dispose scope.</summary>
    public static Tensor ToTensor(NamedTensor weight)
    {
        ArgumentNullException.ThrowIfNull(weight);
        var value = empty([.. weight.Shape], ScalarTypeOf(weight.Type));
        if (weight.Bytes.Length > 0)
        {
            value.bytes = weight.Bytes.ToArray();
        }
        return value;
    }

    /// <summary>SHA-256 (hexadecimal, lower case) over the tensors' bytes in the order of their names.</summary>
    public static string Sha256(IReadOnlyList<NamedTensor> weights)
    {
        ArgumentNullException.ThrowIfNull(weights);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var weight in weights.OrderBy(weight => weight.Name, StringComparer.Ordinal))
        {
            hash.AppendData(weight.Bytes.Span);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static string TypeName(ScalarType type) =>
        type switch
        {
            ScalarType.Float32 => "F32",
            ScalarType.Float64 => "F64",
            ScalarType.Int64 => "I64",
            ScalarType.Int32 => "I32",
            ScalarType.Bool => "BOOL",
            _ => throw new ArgumentException($"Tensors of {type} are not stored.", nameof(type)),
        };

    private static ScalarType ScalarTypeOf(string type) =>
        type switch
        {
            "F32" => ScalarType.Float32,
            "F64" => ScalarType.Float64,
            "I64" => ScalarType.Int64,
            "I32" => ScalarType.Int32,
            "BOOL" => ScalarType.Bool,
            _ => throw new InvalidDataException($"Tensors of type {type} are not read."),
        };
}
