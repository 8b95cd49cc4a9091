using System.Text;
using TrainingCluster.Modeling.Serialization;

namespace TrainingCluster.Modeling.Tests.Serialization;

public sealed class SafetensorsTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void Open_WhatWriteWrote_GivesItBack()
    {
        NamedTensor[] tensors =
        [
            new("b", "F32", [2, 1], new byte[] { 1, 2, 3, 4, 5, 6, 7, 8 }),
            new("a", "I64", [], new byte[] { 9, 0, 0, 0, 0, 0, 0, 0 }),
            new("empty", "F32", [0, 3], Array.Empty<byte>()),
            new("c", "BOOL", [3], new byte[] { 1, 0, 1 }),
        ];
        Safetensors.Write(_path, tensors, new Dictionary<string, string> { ["format"] = "pt" });
        using var file = Safetensors.Open(_path);
        Assert.Equal("pt", file.Metadata["format"]);
        Assert.Equal(4, file.Entries.Count);
        foreach (var tensor in tensors)
        {
            var read = file.Read(tensor.Name);
            Assert.Equal(tensor.Type, read.Type);
            Assert.Equal(tensor.Shape, read.Shape);
            Assert.Equal(tensor.Bytes.ToArray(), read.Bytes.ToArray());
        }
        Assert.True(file.Contains("a") && !file.Contains("z"));
    }

    [Fact]
    public void Write_SameNameTwice_Throws() =>
        Assert.Throws<ArgumentException>(() =>
            Safetensors.Write(new MemoryStream(), [new("a", "U8", [1], new byte[1]), new("a", "U8", [1], new byte[1])])
        );

    [Fact]
    public void Write_BytesThatDoNotFit_ThrowsNamingTheTensor()
    {
        var error = Assert.Throws<ArgumentException>(() => Safetensors.Write(new MemoryStream(), [new("weight", "F32", [2], new byte[4])]));
        Assert.Contains("'weight'", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "too short")]
    [InlineData("short", "too short")]
    [InlineData("\u0001\0\0\0\0\0\0\u0001{", "header says")]
    [InlineData("\u0005\0\0\0\0\0\0\0{\"a\":", "does not make sense")]
    [InlineData("\u0002\0\0\0\0\0\0\0{}x", "has 11 bytes")]
    public void Open_NoSafetensors_ThrowsSayingWhy(string content, string why)
    {
        File.WriteAllBytes(_path, Encoding.Latin1.GetBytes(content));
        var error = Assert.Throws<InvalidDataException>(() => Safetensors.Open(_path));
        Assert.Contains(why, error.Message, StringComparison.Ordinal);
        Assert.Contains(_path, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_FileCutShort_ThrowsAtOnce()
    {
        Safetensors.Write(_path, [new("a", "U8", [100], new byte[100])]);
        using (var stream = File.OpenWrite(_path))
        {
            stream.SetLength(stream.Length - 1);
        }
        Assert.Throws<InvalidDataException>(() => Safetensors.Open(_path));
    }

    [Theory]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}}""", 8, "does not fit")]
    [InlineData("""{"a":{"dtype":"F99","shape":[1],"data_offsets":[0,4]}}""", 4, "unknown type")]
    [InlineData(
        """{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}""",
        3,
        "gap or an overlap"
    )]
    [InlineData("""{"a":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}""", 3, "gap or an overlap")]
    [InlineData("""{"a":{"shape":[2],"data_offsets":[0,2]}}""", 2, "does not make sense")]
    public void Open_HeaderThatLies_Throws(string header, int data, string why)
    {
        var text = Encoding.UTF8.GetBytes(header);
        File.WriteAllBytes(_path, [.. BitConverter.GetBytes((ulong)text.Length), .. text, .. new byte[data]]);
        var error = Assert.Throws<InvalidDataException>(() => Safetensors.Open(_path));
        Assert.Contains(why, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_UnknownName_ThrowsNamingIt()
    {
        Safetensors.Write(_path, [new("a", "U8", [1], new byte[1])]);
        using var file = Safetensors.Open(_path);
        var error = Assert.Throws<InvalidDataException>(() => file.Read("missing"));
        Assert.Contains("'missing'", error.Message, StringComparison.Ordinal);
    }
}
