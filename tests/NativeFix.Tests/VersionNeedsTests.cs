namespace TrainingCluster.NativeFix.Tests;

public sealed class VersionNeedsTests
{
    private const string Library = "libstdc++.so.6";
    private const string Version = "GLIBCXX_3.4.32";

    [Fact]
    public void MakeWeak_WantedVersion_SetsItsFlagAndNothingElse()
    {
        var original = new MadeUpElf().Bytes;
        var file = (byte[])original.Clone();

        Assert.True(VersionNeeds.MakeWeak(file, Library, Version));

        var changed = Enumerable.Range(0, file.Length).Where(i => file[i] != original[i]);
        Assert.Equal([MadeUpElf.FlagsAt(library: 1, version: 1)], changed);
        Assert.Equal(2, file[MadeUpElf.FlagsAt(library: 1, version: 1)]);
    }

    [Fact]
    public void MakeWeak_FlagSetAlready_ChangesNothing()
    {
        var file = new MadeUpElf().Bytes;
        VersionNeeds.MakeWeak(file, Library, Version);
        var once = (byte[])file.Clone();

        Assert.True(VersionNeeds.MakeWeak(file, Library, Version));
        Assert.Equal(once, file);
    }

    [Theory]
    [InlineData(Library, "GLIBCXX_3.4.33")]
    [InlineData("libm.so.6", Version)]
    [InlineData(Library, "GLIBC_2.34")]
    public void MakeWeak_VersionNotWanted_SaysSoAndChangesNothing(string library, string version)
    {
        var file = new MadeUpElf().Bytes;

        Assert.False(VersionNeeds.MakeWeak(file, library, version));
        Assert.Equal(new MadeUpElf().Bytes, file);
    }

    [Fact]
    public void Replace_WantedVersion_IsWantedUnderTheOtherName()
    {
        var file = new MadeUpElf().Bytes;

        Assert.True(VersionNeeds.Replace(file, Library, "GLIBCXX_3.4.30", Version));

        var (replaced, model) = (MadeUpElf.FlagsAt(library: 1, version: 0) - 4, MadeUpElf.FlagsAt(library: 1, version: 1) - 4);
        Assert.Equal(file[model..(model + 4)], file[replaced..(replaced + 4)]);
        Assert.Equal(file[(model + 8)..(model + 12)], file[(replaced + 8)..(replaced + 12)]);
        // Twice is once: nothing wants the old name any more.
        Assert.False(VersionNeeds.Replace(file, Library, "GLIBCXX_3.4.30", Version));
    }

    [Theory]
    [InlineData("GLIBCXX_3.4.31", Version)]
    [InlineData("GLIBCXX_3.4.30", "GLIBCXX_3.4.11")]
    public void Replace_EitherNotWanted_SaysSoAndChangesNothing(string version, string other)
    {
        var file = new MadeUpElf().Bytes;

        Assert.False(VersionNeeds.Replace(file, Library, version, other));
        Assert.Equal(new MadeUpElf().Bytes, file);
    }

    [Fact]
    public void MakeWeak_NoNeedsAtAll_SaysSo()
    {
        var file = new MadeUpElf().Bytes;
        file[0x3c] = 1; // only the first, empty section
        Assert.False(VersionNeeds.MakeWeak(file, Library, Version));
    }

    [Theory]
    [InlineData(0, 0)] // no ELF
    [InlineData(4, 1)] // 32 bits
    [InlineData(5, 2)] // big endian
    public void MakeWeak_OtherKindOfFile_Throws(int at, byte value)
    {
        var file = new MadeUpElf().Bytes;
        file[at] = value;
        var error = Assert.Throws<InvalidDataException>(() => VersionNeeds.MakeWeak(file, Library, Version));
        Assert.Contains("64-bit little-endian ELF", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void MakeWeak_FileCutAnywhere_ThrowsOrLeavesItsEntryAlone()
    {
        var whole = new MadeUpElf().Bytes;
        for (var length = 0; length < whole.Length; length++)
        {
            var cut = whole[..length];
            try
            {
                VersionNeeds.MakeWeak(cut, Library, Version);
            }
            catch (InvalidDataException)
            {
                Assert.Equal(whole[..length], cut);
            }
        }
    }
}
